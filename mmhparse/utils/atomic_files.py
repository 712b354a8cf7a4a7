"""Files that are written whole or not at all, and only inside their folder."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = '.unfinished-'


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Gives a path beside ``path`` to write to, and moves what was written there to ``path`` once all of it is.

    Nobody ever sees half of a file: after an error there is what was there before. Every call writes to a name of its
    own, so several threads or processes may write the same file; the last one to end wins.

    Args:
        path: Where the file shall be; its folder is made.

    Yields:
        An empty file with the suffix of ``path``, for writers of videos and images go by it.

    Raises:
        OSError: If the folder or the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'{_PREFIX}{os.getpid()}-{uuid.uuid4().hex}{path.suffix}')
    unfinished.touch(exist_ok=False)
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


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


def remove_unfinished(root: Path) -> None:
    """Removes what a killed run left half-written."""
    for path in root.rglob(f'{_PREFIX}*'):
        path.unlink(missing_ok=True)
