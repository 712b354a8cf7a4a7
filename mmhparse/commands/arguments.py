"""Options that all commands share, and usage errors shown without a traceback."""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmengine.config import DictAction

from mmhparse.utils import UsageError, addresses_without_secrets


class _Overrides(DictAction):
    """mmengine's parser of KEY=VALUE, with a message for arguments of another form."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        for item in values or ():
            if not item.partition('=')[1]:
                parser.error(f"{option_string} takes KEY=VALUE, got '{item}'")
        try:
            super().__call__(parser, namespace, values, option_string)
        except (AssertionError, ValueError, IndexError) as error:  # brackets without an end
            parser.error(f'{option_string}: {error}')


def at_least(least: int) -> Callable[[str], int]:
    """A ``type`` for arguments: whole numbers from ``least`` on; others are refused before the work."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}, got '{text}'")
        return value

    return number


def add_config_options(parser: argparse._ActionsContainer) -> None:
    """Adds, to a parser or a group of one, ``--cfg-options``, which fills ``cfg_options`` with a dict or None."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_Overrides,
        metavar='KEY=VALUE',
        help='override entries of the config, as in train_dataloader.batch_size=4 or data_root=/data/coco; '
        'write a list as key=a,b or key="[a,b]", without white space',
    )


def add_launcher_options(parser: argparse.ArgumentParser) -> None:
    """Adds ``--launcher`` and ``--local-rank``, as torchrun, Slurm and MPI need them."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='launcher that started the processes',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by some launchers')


def export_local_rank(local_rank: int) -> None:
    """Passes the rank on this machine to mmengine by the environment, unless a launcher has set it there."""
    os.environ.setdefault('LOCAL_RANK', str(local_rank))


@contextmanager
def plain_usage_errors() -> Iterator[None]:
    """Turns a :class:`UsageError` into its message and exit status 1; other errors keep their traceback.

    The message shows no password or token of an address. A path with a name that is too long for the file system is a
    mistake of this kind, too.

    From here on, file names that are no text in the terminal's encoding are printed with escapes: no command is to fail
    at its last line.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        yield
    except UsageError as error:
        raise SystemExit(f'error: {addresses_without_secrets(str(error))}') from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        longest = max(str(error.filename).split(os.sep), key=len)
        raise SystemExit(f"error: '{longest[:40]}...' is too long for the name of a file.") from None
