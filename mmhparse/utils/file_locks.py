"""Locks of files that end with the process that holds them, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

Lock = Literal['acquired', 'held', 'unsupported']
"""What became of the wish for a lock: ours now, held by somebody else, or not to be had on this system."""


def try_lock(descriptor: int) -> Lock:
    """Locks an open file unless somebody else holds its lock.

    The lock belongs to the open file, not to the process: two threads that each opened the file exclude each other.
    It ends when the descriptor is closed, or with the process.

    Args:
        descriptor: As of :func:`open_to_lock`.
    """
    if fcntl is None:
        return 'unsupported'
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 'held'
    except OSError:  # some network file systems have no locks
        return 'unsupported'
    return 'acquired'


def open_to_lock(path: Path, flags: int = 0) -> int:
    """Opens a file for its lock alone: for writing, which some file systems ask for, or if need be for reading.

    Raises:
        OSError: If it cannot be opened.
    """
    try:
        return os.open(path, os.O_RDWR | flags, 0o666)
    except PermissionError:  # another user's file
        return os.open(path, os.O_RDONLY)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits for the lock of a file, which is created if needed, along with its folder, and may be removed meanwhile.

    Does nothing where locks are unsupported.

    Raises:
        OSError: If the file cannot be created.
    """
    descriptor = _open_locked(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    """Descriptor of a locked file that nobody has removed."""
    while True:
        path.parent.mkdir(exist_ok=True)
        try:
            descriptor = open_to_lock(path, os.O_CREAT)
        except FileNotFoundError:
            if path.parent.is_dir():
                raise
            continue  # the folder was removed after it had been made
        if fcntl is None:
            return descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # some network file systems have no locks
            return descriptor
        # a file is removed by whoever holds its lock: this one is the one that others open, if it still has a name
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)
