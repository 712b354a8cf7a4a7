"""person_maps/NAME.png: which pixel is whose."""

import numpy as np

from mmhparse.visualization.canvas import person_colour

from .images import id_png

PALETTE = ((0, 0, 0), *(person_colour(person) for person in range(1, 255)), (200, 200, 200))
"""The colours that people have in pictures; light grey for "ignore"."""


class PersonMaps:
    """8-bit PNG with palette, or 16-bit grey where ids go beyond 254; values are person ids, 0 = nobody."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'person_maps/{name}.png',)

    def contents(self, prediction: dict, picture: np.ndarray | None) -> tuple[bytes, ...]:
        return (id_png(prediction['person_map'], PALETTE),)
