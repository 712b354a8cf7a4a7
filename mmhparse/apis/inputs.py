"""Paths, URLs, arrays, folders, videos and lists of them, as a stream of named images and videos."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image

from .stream_item import Clip, FailedInput, Source, StreamItem

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm', '.wmv')

Inputs = Source | int | Iterable[Source | int]
"""Everything that the inferencer takes."""


def is_single(inputs: Inputs) -> bool:
    """Whether the inputs are one image or video: its errors are raised, as there are no others to continue with."""
    if isinstance(inputs, str | Path):
        return not _is_folder_or_pattern(inputs)
    return isinstance(inputs, bytes | np.ndarray | Image.Image | int) or not isinstance(inputs, Iterable)


def count_inputs(inputs: Inputs) -> int | None:
    """How many images there will be; None where that is only known when they have been read, as with videos."""
    if not isinstance(inputs, list | tuple):
        return _count_item(inputs) if is_single(inputs) or isinstance(inputs, str | Path) else None
    total = 0
    for item in inputs:
        count = _count_item(item)
        if count is None:
            return None
        total += count
    return total


def _count_item(item: Any) -> int | None:
    """How many images one input stands for; None for videos and cameras, and folders with videos."""
    if _is_folder_or_pattern(item):
        files = [_is_video(file) for file in _files_of(str(item))]
        return None if any(files) else len(files)
    is_video = isinstance(item, str | Path) and _is_video(str(item))
    return None if is_video or isinstance(item, int) else 1


def _is_folder_or_pattern(item: Any) -> bool:
    """Whether an input stands for files that are to be looked for."""
    if not isinstance(item, str | Path) or not str(item) or '://' in str(item):
        return False
    return Path(item).is_dir() or _is_pattern(str(item))


def refuse_own_results(inputs: Inputs, out_dir: str | Path) -> None:
    """Refuses to write into a folder of inputs itself, where the results would be taken for inputs.

    Raises:
        ValueError: If ``out_dir`` is among the inputs. A folder below one of them is passed over when that is read.
    """
    for item in inputs if isinstance(inputs, list | tuple) else [inputs]:
        if isinstance(item, str | Path) and Path(item).is_dir() and Path(item).resolve() == Path(out_dir).resolve():
            raise ValueError(
                f"out_dir is the folder of inputs '{item}', where results would be taken for inputs. Name another, for "
                f"example '{Path(item) / 'results'}'."
            )


def name_inputs(inputs: Inputs) -> Iterator[StreamItem]:
    """Names the images and videos of the inputs, in order and one at a time.

    A folder stands for the images and videos in it and below, by path; hidden files, folders with results and
    other files are passed over. Names are those of the files without suffix, with the folders below the one
    that was given; where two would be the same, the later one gets a number: ``photo``, ``photo_2``. Bytes, arrays and
    PIL images are called by their place among the inputs: ``image_000000``; cameras ``camera_0``. Characters that
    mean something in paths on other systems (``\\ : * ? " < > |``) become ``_``.

    Args:
        inputs: A path, URL, glob pattern, folder, video, array, PIL image, the bytes of an image file, the number of a
            camera, or a list or generator of such.

    Yields:
        Images and videos, pending; inputs that are neither, failed.

    Raises:
        ValueError, TypeError: If the input is none of these, or holds no images. Among several inputs it is a failed
            item instead.
    """
    names = _Names()
    if is_single(inputs) or isinstance(inputs, str | Path):
        yield from _items_of(inputs, 0, names)
        return
    assert isinstance(inputs, Iterable)
    for index, item in enumerate(inputs):
        try:
            yield from _items_of(item, index, names)
        except (TypeError, ValueError, OSError) as error:
            name = str(item) if isinstance(item, str | Path | int) else type(item).__name__
            # an empty folder or pattern stands for no image
            num_images = 0 if _is_folder_or_pattern(item) else 1
            yield StreamItem(name, num_images=num_images, status='failed', failure=FailedInput(name, str(error)))


class _Names:
    """Gives names of their own, even where the file system does not tell capitals."""

    def __init__(self):
        self._taken: set[str] = set()

    def __call__(self, wanted: str) -> str:
        wanted = re.sub(r'[\x00-\x1f\x7f\\:*?"<>|]', '_', wanted)
        name, repeat = wanted, 1
        while name.casefold() in self._taken:
            repeat += 1
            name = f'{wanted}_{repeat}'
        self._taken.add(name.casefold())
        return name


def _items_of(item: Any, index: int, names: Callable[[str], str]) -> Iterator[StreamItem]:
    """The images and videos that one input stands for."""
    if isinstance(item, np.ndarray | bytes | Image.Image):
        yield StreamItem(names(f'image_{index:06d}'), item)
    elif isinstance(item, int) and not isinstance(item, bool):
        name = names(f'camera_{item}')
        yield StreamItem(name, clip=Clip(name, None, camera=item), num_images=0)
    elif isinstance(item, str | Path):
        path = str(item)
        if not path:
            raise ValueError('An input is an empty path; give a file, folder, pattern or URL.')
        if _is_folder_or_pattern(path):
            yield from _items_below(path, names)
        else:
            yield _item_of_file(path, names(_stem(path)))
    else:
        raise TypeError(
            f'An input cannot be a {type(item).__name__}; give a path, a URL, a folder, a pattern, a video, the number '
            'of a camera, a (H, W, 3) uint8 BGR array, a PIL image, or a list or generator of these.'
        )


def _items_below(path: str, names: Callable[[str], str]) -> Iterator[StreamItem]:
    """The images and videos of a folder or pattern."""
    found = False
    root = path if Path(path).is_dir() else _fixed_part(path)
    for file in _files_of(path):
        found = True
        relative = Path(os.path.relpath(file, root)) if root else Path(file)
        yield _item_of_file(file, names(relative.with_suffix('').as_posix() if relative.stem else relative.name))
    if not found:
        kind = 'Folder' if Path(path).is_dir() else 'Pattern'
        endings = ', '.join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)
        raise ValueError(f"{kind} '{path}' holds no image files and no videos; expected some of {endings}.")


def _item_of_file(path: str, name: str) -> StreamItem:
    return StreamItem(name, clip=Clip(name, path), num_images=0) if _is_video(path) else StreamItem(name, path)


def _is_video(path: str) -> bool:
    suffix = Path(urlsplit(path).path if '://' in path else path).suffix.lower()
    return suffix in VIDEO_SUFFIXES or path.startswith(('rtsp://', 'rtmp://'))


def _files_of(path: str) -> Iterator[str]:
    """Image and video files of a folder, at any depth, or of a pattern, ordered by path."""
    if Path(path).is_dir():
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(
                name for name in folders if not name.startswith('.') and not _holds_results(Path(folder, name))
            )
            yield from (os.path.join(folder, name) for name in sorted(files) if _is_wanted(name))
    else:
        for file in sorted(glob.glob(path, recursive=True)):
            if _is_wanted(os.path.basename(file)) and Path(file).is_file():
                yield file


def _holds_results(folder: Path) -> bool:
    """Whether an earlier run wrote its results there: its maps and pictures are no photos."""
    return all((folder / name).is_file() for name in ('settings.json', 'classes.json'))


def _is_wanted(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES + VIDEO_SUFFIXES and not name.startswith('.')


def _is_pattern(path: str) -> bool:
    """Whether a path is a glob pattern; a file whose own name holds such letters is a file."""
    return glob.has_magic(path) and not Path(path).exists()


def _fixed_part(pattern: str) -> str:
    """The folders of a pattern before its first wildcard: below them names mirror the tree."""
    parts = Path(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:fixed])) if fixed else '.'


def _stem(path: str) -> str:
    """File name without suffix, of a path or URL."""
    if '://' in path:
        path = unquote(urlsplit(path).path)
    return Path(path).stem or 'image'
