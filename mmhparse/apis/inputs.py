"""What the inferencer is given (paths, URLs, arrays, folders, videos, lists of them), as a stream of named images."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image

from mmhparse.datasets.transforms.loading import ImageSource, describe_source

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm', '.wmv')

Inputs = ImageSource | Image.Image | int | Iterable[ImageSource | Image.Image | int]


@dataclass(frozen=True)
class Clip:
    """A video or the pictures of a camera.

    Attributes:
        name: What its output files are called.
        path: Path or URL; None for a camera.
        camera: Number of the camera; None for a video.
        fps: Frames a second; 0 before it was opened.
    """

    name: str
    path: str | None
    camera: int | None = None
    fps: float = 0.0


@dataclass(frozen=True, eq=False)
class InputImage:
    """One image to parse.

    Attributes:
        name: What its output files are called, with the folders below the one that was given; no two of one call are
            called the same.
        source: Path or URL of the image, its bytes, an array, or a PIL image.
        clip: The video that it is a frame of, if any.
        frame: Its number there, from 0.
    """

    name: str
    source: ImageSource | Image.Image
    clip: Clip | None = None
    frame: int = 0

    @property
    def description(self) -> str:
        """What to call it in a message."""
        if isinstance(self.source, Image.Image):
            return f'{self.name}, PIL image of size {self.source.size}'
        return self.path or f'{self.name}, {describe_source(self.source)}'

    @property
    def path(self) -> str | None:
        """Path or URL, of the video for a frame; None for bytes, arrays and PIL images."""
        if self.clip is not None:
            return self.clip.path
        return self.source if isinstance(self.source, str) else None


@dataclass(frozen=True)
class FailedInput:
    """An input that gave no result.

    Attributes:
        source: What was given, in words.
        reason: What is wrong with it, and what to do.
    """

    source: str
    reason: str


@dataclass(frozen=True)
class ClipEnd:
    """Follows the last frame of a clip.

    Attributes:
        clip: The clip.
        frames: How many there were.
        reason: Why it ended early, if it did.
    """

    clip: Clip
    frames: int
    reason: str | None = None


Item = InputImage | Clip | FailedInput


def is_single(inputs: Inputs) -> bool:
    """Whether the inputs are one image or video: its errors are then raised, for there are no others to save."""
    if isinstance(inputs, str | Path):
        return not (Path(inputs).is_dir() or _is_pattern(str(inputs)))
    return isinstance(inputs, bytes | np.ndarray | Image.Image | int) or not isinstance(inputs, Iterable)


def count_inputs(inputs: Inputs) -> int | None:
    """How many images there will be, where that can be told before they are read; videos do not tell."""
    if isinstance(inputs, list | tuple):
        counts = [count_inputs(item) for item in inputs]
        return None if None in counts else sum(counts)
    if isinstance(inputs, str | Path) and not is_single(inputs):
        files = [_is_video(file) for file in _files_of(str(inputs))]
        return None if any(files) else len(files)
    if not is_single(inputs) or isinstance(inputs, int) or (isinstance(inputs, str | Path) and _is_video(str(inputs))):
        return None
    return 1


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


def name_inputs(inputs: Inputs) -> Iterator[Item]:
    """Names the images and videos of the inputs, in order and one at a time.

    A folder stands for the images and videos in it and below, by path; hidden files, folders with results and
    what else lies there are passed over. Names are those of the files without suffix, with the folders below the one
    that was given; where two would be the same, the later one gets a number: ``photo``, ``photo_2``. Bytes, arrays and
    PIL images are called by their place among the inputs: ``image_000000``; cameras ``camera_0``. Characters that are
    letters of paths elsewhere (``\\\\ : * ? " < > |``) become ``_``.

    Args:
        inputs: A path, URL, glob pattern, folder, video, array, PIL image, the bytes of an image file, the number of a
            camera, or a list or generator of such.

    Yields:
        Images, clips, and what is neither.

    Raises:
        ValueError, TypeError: If the input is none of these, or holds no images. Among several they become failures.
    """
    names = _Names()
    if is_single(inputs) or isinstance(inputs, str | Path):
        yield from _items_of(inputs, 0, names)
        return
    for index, item in enumerate(inputs):
        try:
            yield from _items_of(item, index, names)
        except (TypeError, ValueError, OSError) as error:
            name = str(item) if isinstance(item, str | Path | int) else type(item).__name__
            yield FailedInput(name, str(error))


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


def _items_of(item: object, index: int, names: Callable[[str], str]) -> Iterator[Item]:
    """The images and clips that one input stands for."""
    if isinstance(item, np.ndarray | bytes | Image.Image):
        yield InputImage(names(f'image_{index:06d}'), item)
    elif isinstance(item, int) and not isinstance(item, bool):
        yield Clip(names(f'camera_{item}'), None, camera=item)
    elif isinstance(item, str | Path):
        path = str(item)
        if not path:
            raise ValueError('An input is an empty path; give a file, folder, pattern or URL.')
        if '://' not in path and (Path(path).is_dir() or _is_pattern(path)):
            yield from _items_below(path, names)
        else:
            yield _item_of_file(path, names(_stem(path)))
    else:
        raise TypeError(
            f'An input cannot be a {type(item).__name__}; give a path, a URL, a folder, a pattern, a video, the number '
            'of a camera, a (H, W, 3) uint8 BGR array, a PIL image, or a list or generator of these.'
        )


def _items_below(path: str, names: Callable[[str], str]) -> Iterator[Item]:
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


def _item_of_file(path: str, name: str) -> InputImage | Clip:
    return Clip(name, path) if _is_video(path) else InputImage(name, path)


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
    return '://' not in path and glob.has_magic(path) and not Path(path).exists()


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
