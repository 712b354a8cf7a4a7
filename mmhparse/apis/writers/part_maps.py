"""part_maps/NAME.png: which pixel is which part."""

import numpy as np

from mmhparse.structures import PartSet

from .images import palette_png


class PartMaps:
    """8-bit PNG with palette; indices are part labels, colours those of the part set.

    Args:
        part_set: Gives the colours.
    """

    def __init__(self, part_set: PartSet):
        self.palette = part_set.palette

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'part_maps/{name}.png',)

    def contents(self, prediction: dict, picture: np.ndarray | None) -> tuple[bytes, ...]:
        return (palette_png(prediction['part_map'], self.palette),)
