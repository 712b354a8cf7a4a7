"""Named images, read and packed for the network a batch at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mhparse.datasets.transforms.loading import read_image

from .inputs import FailedInput, InputImage


@dataclass(frozen=True, eq=False)
class LoadedBatch:
    """Images ready for the network, and those of the same turn that could not be read.

    Attributes:
        inputs: The images that could be read.
        pixels: Their pixels, (H, W, 3) uint8 BGR each, upright.
        data: What ``model.test_step`` takes; None where no image could be read.
        failures: The others.
    """

    inputs: tuple[InputImage, ...]
    pixels: tuple[np.ndarray, ...]
    data: dict | None
    failures: tuple[FailedInput, ...]

    def __len__(self) -> int:
        return len(self.inputs) + len(self.failures)


def load_batches(
    images: Sequence[InputImage], batch_size: int, pipeline: Callable, collate: Callable, *, strict: bool
) -> Iterator[LoadedBatch]:
    """Reads and prepares images, a batch at a time.

    Args:
        images: What to read.
        batch_size: Images a batch, those that cannot be read counted.
        pipeline: Prepares one record with ``img``, ``img_id`` and, where there is one, ``img_path``.
        collate: Makes a batch of prepared records.
        strict: Whether an image that cannot be read is an error.

    Raises:
        ValueError: If the batch size is not positive.
        OSError, ValueError, TypeError: If an image cannot be read and ``strict`` holds.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
    for start in range(0, len(images), batch_size):
        inputs, pixels, records, failures = [], [], [], []
        for index, image in enumerate(images[start : start + batch_size], start=start):
            try:
                array = read_image(image.source, exif=True)
            except (OSError, ValueError, TypeError) as error:
                if strict:
                    raise
                failures.append(FailedInput(image.description, str(error)))
                continue
            origin = {} if image.path is None else {'img_path': image.path}
            inputs.append(image)
            pixels.append(array)
            records.append(pipeline({'img': array, 'img_id': index, **origin}))
        yield LoadedBatch(tuple(inputs), tuple(pixels), collate(records) if records else None, tuple(failures))
