"""Files that are written whole or not at all, and only inside their folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def inside(root: Path, name: str) -> Path:
    """The path of ``name`` below ``root``.

    Raises:
        ValueError: If it lies elsewhere, by ``..`` or by a symbolic link.
    """
    path = root / name
    if not path.parent.resolve().is_relative_to(root.resolve()) or path.name in ('', '.', '..'):
        raise ValueError(f"'{name}' would be written outside the output folder {root}; rename the input.")
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a path beside ``path`` to write to, and moves what was written there to ``path`` once all of it is.

    Nobody ever sees half of a file: after an error there is what was there before.

    Args:
        path: Where the file shall be; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # the suffix stays, for writers of videos go by it
    unfinished = path.with_name(f'.unfinished-{os.getpid()}{path.suffix}')
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: If it cannot be written; what was there before is there still.
    """
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)


def remove_unfinished(root: Path) -> None:
    """Removes what a killed run left half-written."""
    for path in root.rglob('.unfinished-*'):
        path.unlink(missing_ok=True)
