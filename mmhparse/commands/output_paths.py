"""Checks that results can be written, before the work that they come from."""

import tempfile
from contextlib import suppress
from pathlib import Path

from mmhparse.utils import UsageError


def check_output_file(option: str, path: str | Path) -> None:
    """Checks that a file can be written, by writing another beside it; nothing is left.

    Args:
        option: What names the file, for the message: ``--out``.
        path: The file.

    Raises:
        UsageError: If it cannot be written; the message says why, and what to do.
    """
    if _is_folder(path):
        raise UsageError(f"{option} is the folder '{path}', but a file is to be written: name a file in it.")
    check_output_folder(option, Path(path).parent, path)


def check_output_folder(option: str, folder: str | Path, shown: str | Path | None = None) -> None:
    """Checks that files can be written into a folder, by writing one; nothing is left, not even folders.

    Args:
        option: What names the folder, for the message: ``--plot-dir``.
        folder: The folder.
        shown: The path to name in the message; the folder by default.

    Raises:
        UsageError: If they cannot; the message says why, and what to do.
    """
    new: list[Path] = []
    try:
        new = [path for path in (Path(folder), *Path(folder).parents) if not path.exists()]
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b'\0')
            probe.flush()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, 'strerror', None) or str(error)
        raise UsageError(
            f"{option}: nothing can be written to '{shown or folder}' ({reason}): choose a path in a folder that you "
            'may write to.'
        ) from error
    finally:
        for path in new:
            with suppress(OSError, ValueError):  # it was not made, or another process writes there already
                path.rmdir()


def _is_folder(path: str | Path) -> bool:
    try:
        return Path(path).is_dir() or str(path).endswith(('/', '\\'))
    except (OSError, ValueError):
        return False
