"""pictures/NAME.jpg: what the visualizer drew; thumbnails/NAME.jpg: the same, small."""

import numpy as np

from .images import jpeg, shrunk

THUMBNAIL_SIDE = 320


class Pictures:
    """JPEG of the picture."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'pictures/{name}.jpg',)

    def contents(self, prediction: dict, picture: np.ndarray | None) -> tuple[bytes, ...]:
        return (jpeg(picture),)


class Thumbnails:
    """JPEG of the picture, its longer side at most 320 pixels; what the summary page shows."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'thumbnails/{name}.jpg',)

    def contents(self, prediction: dict, picture: np.ndarray | None) -> tuple[bytes, ...]:
        return (jpeg(shrunk(picture, THUMBNAIL_SIDE)),)
