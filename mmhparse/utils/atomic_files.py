"""Files that are written completely or not at all, and only inside of their folder."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .file_locks import open_to_lock, try_lock

_PREFIX = '.unfinished-'
_ABANDONED_AFTER = 24 * 3600
"""Seconds without a change after which a half-written file is abandoned, where that cannot be seen by its lock."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yields a path beside ``path`` to write to, and renames that file to ``path`` when the block ends.

    Nobody ever sees half a file: after an error, ``path`` is what it was before. Every call writes to a name of its
    own, so several threads or processes may write the same file; the last one to end wins.

    Args:
        path: Final path of the file; its folder is made.

    Yields:
        An empty file with the suffix of ``path``, as writers of videos and images choose the format by it.

    Raises:
        OSError: If the folder or the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _file_in_use(path) as unfinished:
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def _file_in_use(path: Path) -> Iterator[Path]:
    """A new file beside ``path``, locked to tell :func:`remove_unfinished` that somebody writes it."""
    while True:
        unfinished = path.with_name(f'{_PREFIX}{uuid.uuid4().hex}{path.suffix}')
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        lock = try_lock(descriptor)
        if lock == 'unsupported':
            os.close(descriptor)  # Windows renames closed files only
            yield unfinished
            return
        try:
            # before it was locked, it may have been taken for an abandoned file and removed
            if lock == 'acquired' and os.fstat(descriptor).st_nlink:
                yield unfinished
                return
        finally:
            os.close(descriptor)


def write_atomic(path: str | Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: If it cannot be written; an existing file is unchanged.
    """
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(content)


def path_inside(root: Path, name: str) -> Path:
    """The path of ``name`` below ``root``.

    Raises:
        ValueError: If it lies elsewhere, by ``..`` or by a symbolic link.
    """
    path = root / name
    if not path.parent.resolve().is_relative_to(root.resolve()) or path.name in ('', '.', '..'):
        raise ValueError(f"'{name}' would be written outside the output folder {root}; rename the input.")
    return path


def remove_unfinished(root: str | Path) -> None:
    """Removes half-written files that killed processes left behind, at any depth.

    A file that a living process still writes is locked, and stays. Where the file system has no locks, files older
    than a day are taken for abandoned.
    """
    for folder, _, files in os.walk(root):
        for name in files:
            if name.startswith(_PREFIX):
                _remove_if_abandoned(Path(folder, name))


def _remove_if_abandoned(path: Path) -> None:
    try:
        descriptor = open_to_lock(path)
    except OSError:  # it is gone, or another user's
        return
    try:
        lock = try_lock(descriptor)
        age = time.time() - os.fstat(descriptor).st_mtime
        if lock == 'acquired' or (lock == 'unsupported' and age > _ABANDONED_AFTER):
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
