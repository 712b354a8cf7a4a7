"""Image files of labels -> arrays of these labels."""

from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from .image_files import decode_image, describe_source


def read_label_map(
    path: str | Path, channel: Literal['only', 'red'] = 'only', size: tuple[int, int] | None = None
) -> np.ndarray:
    """Reads a map of labels as stored: a palette image returns its indices, not its colours.

    An alpha channel with one value everywhere is dropped.

    Args:
        path: Path or URL of a PNG or another lossless image file.
        channel: Where colour images hold the labels: in all their channels, which must then be equal, or in red.
        size: (W, H) of the image that the map belongs to, where that is known.

    Returns:
        (H, W) integers of the type that the file holds (uint8, uint16 or int32).

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file or URL cannot be read.
        ValueError: If it is not an image, is broken, is a JPEG (whose compression changes labels), has channels that
            differ, or is of another size than its image.
    """
    name = describe_source(path)
    image = decode_image(path)
    if image.format in ('JPEG', 'MPO'):
        raise ValueError(f'Label map {name} is a JPEG, which does not keep labels exact; store it as PNG.')
    labels = _labels(image, channel)
    if labels.ndim != 2:
        raise ValueError(
            f'Label map {name} has {labels.shape[2]} channels that differ; expected one channel (or a palette) whose '
            'values are labels. If it shows colours, convert it with the palette of its data set first.'
        )
    if size is not None:
        check_map_size(path, (labels.shape[1], labels.shape[0]), size)
    if labels.dtype == bool:
        return labels.astype(np.uint8)
    if labels.dtype.kind not in 'ui':
        raise ValueError(f'Label map {name} holds {labels.dtype}; expected integers. Store it as 8- or 16-bit PNG.')
    return labels


def check_map_size(path: str | Path, found: tuple[int, int], expected: tuple[int, int]) -> None:
    """Raises a ValueError if a map is of another size (W, H) than its image."""
    if found != expected:
        raise ValueError(
            f"map '{path}' is {found[0]} x {found[1]} pixels (width x height), but its image is {expected[0]} x "
            f'{expected[1]}: check that they belong together, and that neither was resized or rotated.'
        )


def _labels(image: Image.Image, channel: Literal['only', 'red']) -> np.ndarray:
    """(H, W) labels, or (H, W, bands) of an image with different bands."""
    if channel == 'red' and 'R' in image.getbands():
        return np.asarray(image.getchannel('R'))
    labels = np.asarray(image)
    if labels.ndim == 3:
        if 'A' in image.getbands() and _is_constant(labels[..., -1]):
            labels = labels[..., :-1]  # (H, W, bands)
        if (labels == labels[..., :1]).all():
            labels = labels[..., 0]  # (H, W)
    return labels


def _is_constant(values: np.ndarray) -> bool:
    return bool((values == values.flat[0]).all())
