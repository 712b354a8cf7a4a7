"""A parser whose first batch kills its process, once for each marker file: for tests of clusters that lose a worker."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from bright_spot import BrightSpotParser

from mmhparse.registry import MODELS


@MODELS.register_module()
class DyingParser(BrightSpotParser):
    """The process that first makes the file named by the environment variable ``DYING_PARSER_MARKER`` is killed."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        with suppress(FileExistsError):
            Path(os.environ['DYING_PARSER_MARKER']).touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(inputs, data_samples, mode)
