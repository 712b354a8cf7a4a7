"""global_parsing/ and instance_parsing/: the layout in which the CIHP challenge takes results."""

import numpy as np

from mmhparse.structures import PartSet
from mmhparse.visualization.canvas import person_colour

from .images import id_png, palette_png
from .person_maps import PALETTE

_INSTANCE_PALETTE = ((0, 0, 0), *(person_colour(3 * row) for row in range(1, 255)), (200, 200, 200))


class InstanceMaps:
    """The part map, a map of part instances with its table, and the person map.

    ``global_parsing/NAME.png``: part labels. ``instance_parsing/NAME.png``: value n (from 1) is line n of
    ``instance_parsing/NAME.txt``, which holds ``class score`` of one part of one person; 8-bit with palette, 16-bit
    grey beyond 254 instances. ``Human_ids/NAME.png``: person ids.

    Args:
        part_set: Gives the colours of the part map.
    """

    def __init__(self, part_set: PartSet):
        self.palette = part_set.palette

    def paths(self, name: str) -> tuple[str, ...]:
        return (
            f'global_parsing/{name}.png',
            f'instance_parsing/{name}.png',
            f'instance_parsing/{name}.txt',
            f'Human_ids/{name}.png',
        )

    def contents(self, prediction: dict, picture: np.ndarray | None) -> tuple[bytes, ...]:
        parts, part_map, person_map = (prediction[key] for key in ('parts', 'part_map', 'person_map'))
        table = ''.join(f'{part["label"]} {part["score"]:.6f}\n' for part in parts)
        return (
            palette_png(part_map, self.palette),
            id_png(instance_map(parts, part_map, person_map), _INSTANCE_PALETTE),
            table.encode(),
            id_png(person_map, PALETTE),
        )


def instance_map(parts: list[dict], part_map: np.ndarray, person_map: np.ndarray) -> np.ndarray:
    """(H, W) int32; row number, from 1, of the part and person that each pixel shows; 0 where no row tells of it."""
    people = 1 + max((part['person'] for part in parts), default=0)
    rows = np.zeros((people, 256), np.int32)
    for row, part in enumerate(parts, start=1):
        rows[part['person'], part['label']] = row
    return rows[np.where(person_map < people, person_map, 0), part_map]
