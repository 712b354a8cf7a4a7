"""Named images, read and packed for the network a batch at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mmhparse.datasets.transforms.loading import convert_image, read_image

from .clips import read_clip
from .fetching import fetch
from .inputs import Clip, ClipEnd, FailedInput, InputImage, Item


@dataclass(frozen=True, eq=False)
class LoadedBatch:
    """Images ready for the network.

    Attributes:
        inputs: The images.
        pixels: Their pixels, (H, W, 3) uint8 BGR each, upright.
        data: What ``model.test_step`` takes.
    """

    inputs: tuple[InputImage, ...]
    pixels: tuple[np.ndarray, ...]
    data: dict


@dataclass(frozen=True)
class Skipped:
    """An image or video whose results are there from an earlier run."""

    item: InputImage | Clip


Turn = LoadedBatch | Skipped | FailedInput | ClipEnd


def load_batches(
    items: Iterator[Item],
    batch_size: int,
    pipeline: Callable,
    collate: Callable,
    *,
    strict: bool,
    is_done: Callable[[InputImage | Clip], bool] = lambda item: False,
) -> Iterator[Turn]:
    """Reads and prepares images, a batch at a time, and keeps their order.

    Args:
        items: What to read.
        batch_size: Most images a batch; what is no image, such as one that cannot be read, ends a batch early.
        pipeline: Prepares one record with ``img``, ``img_id`` and, where there is one, ``img_path``.
        collate: Makes a batch of prepared records.
        strict: Whether an image or video that cannot be read is an error.
        is_done: Whether an image or video is to be skipped.

    Raises:
        OSError, ValueError, TypeError: If an image cannot be read and ``strict`` holds.
    """
    waiting: list[tuple[InputImage, np.ndarray, dict]] = []

    def batch() -> Iterator[LoadedBatch]:
        if waiting:
            inputs, pixels, records = zip(*waiting, strict=True)
            waiting.clear()
            yield LoadedBatch(inputs, pixels, collate(list(records)))

    index = -1
    for item in _frames_too(items, strict, is_done):
        index += isinstance(item, InputImage | Skipped)
        if isinstance(item, InputImage):
            try:
                waiting.append((item, *_prepared(item, index, pipeline)))
            except (OSError, ValueError, TypeError) as error:
                if strict:
                    raise
                item = FailedInput(item.description, str(error))
        if not isinstance(item, InputImage) or len(waiting) == batch_size:
            yield from batch()
        if not isinstance(item, InputImage):
            yield item
    yield from batch()


def _frames_too(
    items: Iterator[Item], strict: bool, is_done: Callable[[InputImage | Clip], bool]
) -> Iterator[InputImage | Skipped | FailedInput | ClipEnd]:
    """The items, with frames in place of clips, and without those that are done."""
    for item in items:
        if isinstance(item, FailedInput):
            yield item
        elif is_done(item):
            yield Skipped(item)
        elif isinstance(item, InputImage):
            yield item
        else:
            try:
                yield from read_clip(item)
            except OSError as error:
                if strict:
                    raise
                yield FailedInput(item.path or item.name, str(error))


def _prepared(image: InputImage, index: int, pipeline: Callable) -> tuple[np.ndarray, dict]:
    """The pixels of an image, and the record that the pipeline makes of them."""
    array = _read(image.source)
    origin = {} if image.path is None else {'img_path': image.path}
    return array, pipeline({'img': array, 'img_id': index, **origin})


def _read(source) -> np.ndarray:
    if isinstance(source, Image.Image):
        return convert_image(source)
    if isinstance(source, str) and source.startswith(('http://', 'https://')):
        try:
            return read_image(fetch(source), exif=True)
        except ValueError as error:
            raise ValueError(f"'{source}': {error}") from error
    return read_image(source, exif=True)
