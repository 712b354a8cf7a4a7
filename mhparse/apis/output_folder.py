"""OutputFolder: predictions as files named after their images."""

import io
import json
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mhparse.structures import IGNORE, PartSet

from .prediction import MAPS


class OutputFolder:
    """A folder with one file a kind and image, each written whole or not at all.

    ``part_maps/NAME.png``
        8-bit image with palette; indices are part labels, colours those of the part set.
    ``person_maps/NAME.png``
        Grey image, 8-bit, or 16-bit where ids go beyond 254; values are person ids.
    ``pictures/NAME.jpg``
        What the visualizer drew.
    ``predictions/NAME.json``
        The prediction without its maps. Written last: where it is, the others are.

    Args:
        path: The folder; made if it does not exist.

    Raises:
        OSError: If it cannot be made or written to.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)

    def write(self, prediction: dict, part_set: PartSet, picture: np.ndarray | None = None) -> None:
        """Writes all files of one image.

        Args:
            prediction: That of :func:`mhparse.apis.prediction.prediction_of`.
            part_set: Gives the part map its colours.
            picture: (H, W, 3) uint8 RGB, if there is one.
        """
        name = prediction['name']
        self._put(f'part_maps/{name}.png', _part_png(prediction['part_map'], part_set))
        self._put(f'person_maps/{name}.png', _person_png(prediction['person_map']))
        if picture is not None:
            self._put(f'pictures/{name}.jpg', cv2.imencode('.jpg', picture[..., ::-1])[1].tobytes())
        plain = {key: value for key, value in prediction.items() if key not in MAPS}
        self._put(f'predictions/{name}.json', json.dumps(plain).encode())

    def _put(self, name: str, content: bytes) -> None:
        """Writes a file beside its place and moves it there, so that nobody ever sees half of it."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(f'.{path.name}.{os.getpid()}')
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _part_png(part_map: np.ndarray, part_set: PartSet) -> bytes:
    image = Image.fromarray(part_map)
    image.putpalette([channel for colour in part_set.palette for channel in colour])
    return _png(image)


def _person_png(person_map: np.ndarray) -> bytes:
    # 255 would read as "ignore" in an 8-bit map
    small = person_map.max(initial=0) < IGNORE
    return _png(Image.fromarray(person_map.astype(np.uint8 if small else np.uint16)))


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, 'png')
    return stream.getvalue()
