"""Fixtures of all tests, and what makes them repeatable."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile('repeatable', deadline=None, derandomize=True, database=None)
settings.load_profile('repeatable')
# many small problems: more threads only wait for each other
torch.set_num_threads(1)


@pytest.fixture(scope='session')
def repo_root() -> Path:
    """Folder that holds the package, its configs and its tools."""
    return ROOT


def _shared_data(name: str) -> Path:
    folder = Path(os.environ.get('MHPARSE_DATA', ROOT.parent / 'shared' / 'data')) / name
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there; set MHPARSE_DATA to the folder that holds {name}/')
    return folder


@pytest.fixture(scope='session')
def coco_mini() -> Path:
    """Four COCO photos, ``images/``, with ``person_keypoints.json``: 14 people with masks and joints."""
    return _shared_data('coco_mini')


@pytest.fixture(scope='session')
def cihp_demo() -> Path:
    """One photo with category, human and instance maps in CIHP's layout."""
    return _shared_data('cihp_demo')
