"""What tests of the inferencer share."""

import warnings

import pytest
from bright_spot import bright_spot_config

from mmhparse.apis import HumanParsingInferencer


@pytest.fixture(scope='module')
def infer():
    """An inferencer whose answers are known: see :mod:`bright_spot`. Files with another parser have their own."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # random weights are meant
        return HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
