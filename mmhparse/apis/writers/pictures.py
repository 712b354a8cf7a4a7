"""pictures/NAME.jpg: what the visualizer drew; thumbnails/NAME.jpg: the same, small."""

import cv2
import numpy as np

from ..stream_item import StreamItem

THUMBNAIL_SIDE = 320
"""Pixels of a thumbnail's longer side."""


class Pictures:
    """JPEG of the picture."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'pictures/{name}.jpg',)

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        return (jpeg(picture_of(item)),)


class Thumbnails:
    """JPEG of the picture, its longer side at most 320 pixels, for the summary page."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'thumbnails/{name}.jpg',)

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        return (jpeg(shrunk(picture_of(item), THUMBNAIL_SIDE)),)


def picture_of(item: StreamItem) -> np.ndarray:
    """The (H, W, 3) uint8 RGB picture of an item for which one was drawn."""
    if item.picture is None:
        raise ValueError(f"No picture was drawn of '{item.name}'.")
    return item.picture


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
