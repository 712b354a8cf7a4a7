"""A terminal that shows progress and warnings, while the log file tells everything."""

import io
import logging
import sys
from contextlib import redirect_stdout

from mmengine.config import Config
from mmengine.runner import Runner

from .runner_setup import build_runner

_AS_INTENDED = ('"FileClient"', '"HardDiskBackend"', 'The prefix is not set in metric class')
"""What those warnings of mmengine begin with that whoever runs a command can do nothing about."""


def build_terse_runner(cfg: Config) -> Runner:
    """The config's Runner, which shows progress bars, warnings and errors on the terminal.

    The environment, the config and the lines of the log are in the log file of the work folder, as with
    :func:`build_runner`.

    Args:
        cfg: The config, with a ``work_dir``.

    Raises:
        UsageError: As :func:`build_runner`.
    """
    # while it is built, a Runner logs environment and config to the handlers that it has just made
    with redirect_stdout(io.StringIO()):
        runner = build_runner(cfg)
    for handler in runner.logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setStream(sys.stderr)
            handler.setLevel(logging.WARNING)
            handler.addFilter(_is_of_use)
    return runner


def _is_of_use(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(_AS_INTENDED)
