"""Paths, URLs, arrays, folders, videos and lists of them, as a stream of named images and videos."""

import array
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import numpy as np
from mmengine.logging import print_log
from PIL import Image

from mmhparse.utils.shown_text import printable, without_secrets

from .input_files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, find_files, is_folder_or_pattern, is_video, root_of
from .output_error import OutputError
from .stream_item import Clip, FailedInput, Source, StreamItem
from .unique_names import TakeName, UniqueNames

Input = Source | os.PathLike | bytearray | memoryview | IO[bytes] | int
Inputs = Input | Iterable[Input]
"""Everything that the inferencer takes."""

_LONGEST_PATH = 4096
"""Characters, as on Linux."""

_BUFFERS = (bytes, bytearray, memoryview, array.array)


def is_single(inputs: Any) -> bool:
    """Whether the inputs are one image or video: its errors are raised, as there are no others to continue with."""
    if isinstance(inputs, str | os.PathLike):
        return not is_folder_or_pattern(inputs)
    one_object = (*_BUFFERS, np.ndarray, Image.Image, Integral, Mapping)
    if isinstance(inputs, one_object) or hasattr(inputs, 'read') or hasattr(inputs, '__dlpack__'):
        return True
    return not isinstance(inputs, Iterable)


def count_inputs(inputs: Inputs) -> int | None:
    """How many images there will be; None where that is only known when they have been read, as with videos."""
    if not isinstance(inputs, list | tuple):
        return _count_item(inputs) if is_single(inputs) or isinstance(inputs, str | os.PathLike) else None
    total = 0
    for item in inputs:
        count = _count_item(item)
        if count is None:
            return None
        total += count
    return total


def _count_item(item: Any) -> int | None:
    """How many images one input stands for; None for videos and cameras, and folders with videos."""
    if is_folder_or_pattern(item):
        files = [is_video(file) for file in find_files(os.fspath(item))]
        return None if any(files) else len(files)
    is_clip = isinstance(item, Integral) or (isinstance(item, str | os.PathLike) and is_video(os.fspath(item)))
    return None if is_clip else 1


def refuse_own_results(inputs: Inputs, out_dir: str | Path) -> None:
    """Refuses to write into a folder of inputs itself, where the results would be taken for inputs.

    Raises:
        ValueError: If ``out_dir`` is among the inputs. A folder of results below one of them is left out when that is
            searched.
    """
    items: Iterable[Any] = inputs if isinstance(inputs, list | tuple) else [inputs]
    for item in items:
        folder = Path(os.fspath(item)) if isinstance(item, str | os.PathLike) and os.path.isdir(item) else None
        if folder is not None and folder.resolve() == Path(out_dir).resolve():
            raise ValueError(
                f"out_dir is the folder of inputs '{folder}', where results would be taken for inputs. Name another, "
                f"for example '{folder / 'results'}'."
            )


def name_inputs(inputs: Inputs, take_name: TakeName | None = None) -> Iterator[StreamItem]:
    """Names the images and videos of the inputs, in order and one at a time.

    A folder stands for the images and videos in it and below, by path; hidden files, folders with results and
    other files are left out. Names are those of the files without suffix, with the folders below the one
    that was given; where two would be the same, the later one gets a number: ``photo``, ``photo_2``. Bytes, open files,
    arrays and PIL images are called by their place among the inputs: ``image_000000``; cameras ``camera_0``.
    Characters that mean something in paths on other systems (``\\ : * ? " < > |``) become ``_``.

    Args:
        inputs: A path, URL, glob pattern, folder, video, array, PIL image, an image file opened for reading bytes or
            its bytes, the number of a camera, or a list or generator of such.
        take_name: Makes names differ; within this call if None.

    Yields:
        Images and videos, pending; inputs that are neither, failed.

    Raises:
        ValueError, TypeError, OSError: If the input is none of these, holds no images or cannot be read. Among several
            inputs it is a failed item instead.
        OutputError: If ``take_name`` can take no more names.
    """
    take_name = take_name or UniqueNames()
    if is_single(inputs) or isinstance(inputs, str | os.PathLike):
        yield from _items_of(inputs, 0, take_name)
        return
    assert isinstance(inputs, Iterable)
    for index, item in enumerate(inputs):
        try:
            yield from _items_of(item, index, take_name)
        except OutputError:
            raise
        except (TypeError, ValueError, OSError) as error:
            has_text = isinstance(item, str | os.PathLike | Integral)
            name = without_secrets(str(item)[:_LONGEST_PATH]) if has_text else type(item).__name__
            # an empty folder or pattern stands for no image
            num_images = 0 if is_folder_or_pattern(item) else 1
            yield StreamItem(name, num_images=num_images, status='failed', failure=FailedInput(name, str(error)))


def _items_of(item: Any, index: int, take_name: TakeName) -> Iterator[StreamItem]:
    """The images and videos that one input stands for."""
    if isinstance(item, str | os.PathLike):
        path = os.fspath(item)
        if not path:
            raise ValueError('An input is an empty path; give a file, folder, pattern or URL.')
        if len(path) > _LONGEST_PATH and '://' not in path:
            raise ValueError(
                f'An input is a text of {len(path)} characters, which is no path; give the content of a file as bytes.'
            )
        if is_folder_or_pattern(path):
            yield from _items_below(path, take_name)
        else:
            yield _item_of_file(path, _stem(path), take_name)
    elif isinstance(item, Integral) and not isinstance(item, bool):
        name = take_name(f'camera_{item}', None)
        yield StreamItem(name, clip=Clip(name, None, camera=int(item)), num_images=0)
    else:
        source = _in_memory(item)
        yield StreamItem(take_name(f'image_{index:06d}', None), source)


def _in_memory(item: Any) -> Source:
    """An image that is no file: as array, PIL image, or the bytes of a file.

    Raises:
        TypeError: If it is none.
        OSError, ValueError: If an open file cannot be read.
    """
    if isinstance(item, np.ndarray | Image.Image):
        return item
    if isinstance(item, _BUFFERS):
        return bytes(item)
    if hasattr(item, 'read'):
        content = item.read()
        if not isinstance(content, _BUFFERS):
            raise TypeError("An input is a file opened as text; open it for bytes, with mode 'rb', or give its path.")
        return bytes(content)
    if hasattr(item, '__dlpack__'):
        raise TypeError(
            f'An input cannot be a {type(item).__name__}, as the order of its axes and channels is not known; give a '
            'NumPy array, (H, W, 3) uint8 BGR.'
        )
    raise TypeError(
        f'An input cannot be a {type(item).__name__}; give a path, a URL, a folder, a pattern, a video, the number '
        'of a camera, a (H, W, 3) uint8 BGR array, a PIL image, an open file or its bytes, or a list or generator of '
        'these.'
    )


def _items_below(path: str, take_name: TakeName) -> Iterator[StreamItem]:
    """The images and videos of a folder or pattern."""
    root, others, found = root_of(path), Counter(), False
    for file in find_files(path, others):
        found = True
        relative = Path(os.path.relpath(file, root))
        name = relative.with_suffix('').as_posix() if relative.stem else relative.name
        item = _item_of_file(file, name, take_name)
        item.folder = path if os.path.isdir(path) else None
        yield item
    kind = 'Folder' if os.path.isdir(path) else 'Pattern'
    if not found:
        endings = ', '.join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)
        raise ValueError(f"{kind} '{path}' holds no image files and no videos; expected some of {endings}.")
    if others:
        counts = ', '.join(f'{count} {suffix or "without suffix"}' for suffix, count in sorted(others.items()))
        print_log(printable(f"{kind} '{path}' also holds files that are no images or videos: {counts}"), 'current')


def _item_of_file(path: str, name: str, take_name: TakeName) -> StreamItem:
    origin = without_secrets(path) if '://' in path else os.path.abspath(path)
    name = take_name(re.sub(r'[\x00-\x1f\x7f\\:*?"<>|]', '_', name), origin)
    return StreamItem(name, clip=Clip(name, path), num_images=0) if is_video(path) else StreamItem(name, path)


def _stem(path: str) -> str:
    """File name without suffix, of a path or URL."""
    if '://' in path:
        path = unquote(urlsplit(path).path)
    return Path(path).stem or 'image'
