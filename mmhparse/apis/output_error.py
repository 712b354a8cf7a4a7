"""OutputError: what ends a run, as opposed to what spoils one file."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OF_ALL_FILES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors that the next file would meet as well."""


class OutputError(OSError):
    """The output folder takes no more files."""


@contextmanager
def output_errors(folder: Path) -> Iterator[None]:
    """Turns errors that no file of the folder would escape into :class:`OutputError`; others pass."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        if error.errno in _OF_ALL_FILES:
            raise OutputError(
                error.errno,
                f'{folder} takes no more files ({error.strerror}): free space or fix its permissions, and '
                'continue with resume (--resume). What was written is complete',
            ) from error
        if isinstance(error, FileExistsError | NotADirectoryError) or not folder.is_dir():
            raise OutputError(
                error.errno, f'{folder} cannot hold folders ({error.strerror}): name another out_dir'
            ) from error
        raise
