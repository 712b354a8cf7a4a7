"""The image and video files of a folder or a glob pattern."""

import glob
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mmhparse.datasets.readers import IMAGE_SUFFIXES

VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm', '.wmv')


def is_folder_or_pattern(item: Any) -> bool:
    """Whether an input stands for files that are to be searched for; a file with wildcards in its name is a file."""
    if not isinstance(item, str | os.PathLike):
        return False
    path = os.fspath(item)
    if not path or '://' in path:
        return False
    return os.path.isdir(path) or (glob.has_magic(path) and not os.path.exists(path))


def is_video(path: str) -> bool:
    """Whether a path or URL is that of a video, by its suffix or protocol."""
    suffix = Path(urlsplit(path).path if '://' in path else path).suffix.lower()
    return suffix in VIDEO_SUFFIXES or path.startswith(('rtsp://', 'rtmp://'))


def find_files(path: str, others: Counter[str] | None = None) -> Iterator[str]:
    """Image and video files of a folder, at any depth, or of a pattern, ordered by path.

    Hidden files and folders, and folders with results, are left out.

    Args:
        path: A folder or pattern.
        others: Counts the files that are neither images nor videos by their suffixes, if given.
    """
    files = _files_below(path) if os.path.isdir(path) else sorted(glob.glob(literal_folders(path), recursive=True))
    for file in files:
        name = os.path.basename(file)
        # a link without a target is kept: to be reported as an input that fails
        if name.startswith('.') or not (os.path.isfile(file) or _is_broken_link(file)):
            continue
        suffix = Path(name).suffix.lower()
        if suffix in IMAGE_SUFFIXES + VIDEO_SUFFIXES:
            yield file
        elif others is not None:
            others[suffix] += 1


def _is_broken_link(path: str) -> bool:
    return os.path.islink(path) and not os.path.exists(path)


def root_of(path: str) -> str:
    """The folder below which names repeat the tree: of a pattern, the folders before its first wildcard."""
    if os.path.isdir(path):
        return path
    parts = Path(literal_folders(path)).parts
    fixed = next(index for index, part in enumerate(parts) if _has_wildcard(part))
    return os.path.join(*Path(path).parts[:fixed]) if fixed else '.'


def literal_folders(pattern: str) -> str:
    """The pattern with its leading folders escaped where they exist as they are written: ``trip [2023]/*.jpg``."""
    parts = Path(pattern).parts
    for count in range(len(parts) - 1, 0, -1):
        folder = os.path.join(*parts[:count])
        if os.path.isdir(folder):
            return os.path.join(glob.escape(folder), *parts[count:])
    return pattern


def _has_wildcard(part: str) -> bool:
    """Whether a part of an escaped pattern is not to be taken literally."""
    unescaped = part.replace('[[]', '').replace('[*]', '').replace('[?]', '')
    return glob.has_magic(unescaped)


def _files_below(path: str) -> Iterator[str]:
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(
            name for name in folders if not name.startswith('.') and not _holds_results(Path(folder, name))
        )
        yield from (os.path.join(folder, name) for name in sorted(files))


def _holds_results(folder: Path) -> bool:
    """Whether an earlier run wrote its results there: its maps and pictures are no photos."""
    return all((folder / name).is_file() for name in ('settings.json', 'classes.json'))
