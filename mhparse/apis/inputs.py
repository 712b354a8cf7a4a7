"""What the inferencer is given (paths, URLs, arrays, folders, lists of them) as a list of named images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from mhparse.datasets.transforms.loading import ImageSource, describe_source

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm', '.wmv')

Inputs = ImageSource | Sequence[ImageSource]


@dataclass(frozen=True, eq=False)
class InputImage:
    """One image to parse.

    Attributes:
        name: What its output files are called; no two of one call are called the same.
        source: Path or URL of the image, its bytes, or an array.
    """

    name: str
    source: ImageSource

    @property
    def description(self) -> str:
        """What to call it in a message."""
        return self.path or f'{self.name}, {describe_source(self.source)}'

    @property
    def path(self) -> str | None:
        """Path or URL; None for bytes and arrays."""
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
class ListedInputs:
    """All images that were given, in order, and what among the inputs was no image."""

    images: tuple[InputImage, ...]
    failures: tuple[FailedInput, ...]


def is_single(inputs: Inputs) -> bool:
    """Whether the inputs are one image: its errors are then raised, for there are no others to save."""
    if isinstance(inputs, list | tuple):
        return False
    return not (isinstance(inputs, str | Path) and Path(inputs).is_dir())


def list_inputs(inputs: Inputs) -> ListedInputs:
    """Lists the images of the inputs and names them.

    A folder stands for the image files right in it, by name; what else lies there is passed over. Names are those of
    the files, without suffix; where two would be the same, the later one gets a number: ``photo``, ``photo_2``. Bytes
    and arrays are called by their place in the list: ``image_000000``.

    Args:
        inputs: A path, URL, array, folder or the bytes of an image file, or a list of such.

    Raises:
        ValueError: If a single input is a video or a folder without images. In a list they become failures.
        TypeError: If a single input is of another type.
    """
    if not isinstance(inputs, list | tuple):
        return ListedInputs(_named(_images_of(inputs)), ())
    sources, failures = [], []
    for item in inputs:
        try:
            sources.extend(_images_of(item))
        except (TypeError, ValueError) as error:
            name = str(item) if isinstance(item, str | Path | int) else type(item).__name__
            failures.append(FailedInput(name, str(error)))
    return ListedInputs(_named(sources), tuple(failures))


def _images_of(item: ImageSource) -> list[ImageSource]:
    """The images that one input stands for."""
    if isinstance(item, np.ndarray | bytes):
        return [item]
    if not isinstance(item, str | Path):
        raise TypeError(
            f'An input cannot be a {type(item).__name__}; give a path, a URL, a folder, a (H, W, 3) uint8 BGR array, '
            'or a list of these.'
        )
    path = Path(item)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if _is_image_file(file))
        if not files:
            raise ValueError(f"Folder '{item}' holds no image files; expected some of {', '.join(IMAGE_SUFFIXES)}.")
        return [str(file) for file in files]
    if path.suffix.lower() in VIDEO_SUFFIXES:
        raise ValueError(f"'{item}' is a video; cut it into images first (ffmpeg -i VIDEO FOLDER/%06d.jpg).")
    return [str(item)]


def _is_image_file(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith('.') and file.is_file()


def _named(sources: list[ImageSource]) -> tuple[InputImage, ...]:
    """The sources with names of their own, even where the file system does not tell capitals."""
    images, taken = [], set()
    for index, source in enumerate(sources):
        stem = _stem(source) if isinstance(source, str) else f'image_{index:06d}'
        name, repeat = stem, 1
        while name.casefold() in taken:
            repeat += 1
            name = f'{stem}_{repeat}'
        taken.add(name.casefold())
        images.append(InputImage(name, source))
    return tuple(images)


def _stem(path: str) -> str:
    """File name without suffix, of a path or URL."""
    if '://' in path:
        path = unquote(urlsplit(path).path)
    return Path(path).stem or 'image'
