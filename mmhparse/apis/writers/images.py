"""Label maps and pictures as the bytes of image files."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from mmhparse.structures import IGNORE

Colour = tuple[int, int, int]


def palette_png(labels: np.ndarray, palette: Sequence[Colour]) -> bytes:
    """An 8-bit PNG with palette, whose indices are the labels (H, W) uint8."""
    image = Image.fromarray(labels)
    image.putpalette([channel for colour in palette for channel in colour])
    stream = io.BytesIO()
    # a third of the default's time for a tenth more bytes: maps are flat
    image.save(stream, 'png', compress_level=1)
    return stream.getvalue()


def id_png(ids: np.ndarray, palette: Sequence[Colour]) -> bytes:
    """A PNG of ids (H, W): 8-bit with palette, or 16-bit grey where ids go beyond 254.

    255 would read as "ignore" in an 8-bit map.
    """
    if ids.max(initial=0) < IGNORE:
        return palette_png(ids.astype(np.uint8), palette)
    return cv2.imencode('.png', ids.astype(np.uint16))[1].tobytes()


def jpeg(picture: np.ndarray) -> bytes:
    """A JPEG of a (H, W, 3) uint8 RGB picture."""
    return cv2.imencode('.jpg', picture[..., ::-1])[1].tobytes()


def shrunk(picture: np.ndarray, long_side: int) -> np.ndarray:
    """The picture with its longer side at most ``long_side`` pixels."""
    height, width = picture.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
