"""Label maps as PNG: parts, people, and the layout of the CIHP challenge."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from mmhparse.structures import IGNORE, PartSet
from mmhparse.visualization.canvas import person_colour

from ..stream_item import StreamItem

Colour = tuple[int, int, int]

_GREY = (200, 200, 200)
"""Of the index 255, which means "ignore"."""

PERSON_PALETTE: tuple[Colour, ...] = ((0, 0, 0), *(person_colour(person) for person in range(1, 255)), _GREY)
"""The colours that people have in pictures, by person id; 0 = nobody."""

# neighbouring rows of the table are parts of one person: colours of people with distant ids differ clearly
_INSTANCE_PALETTE: tuple[Colour, ...] = ((0, 0, 0), *(person_colour(3 * row) for row in range(1, 255)), _GREY)


class PartMaps:
    """``part_maps/NAME.png``: 8-bit PNG with palette; indices are part labels, colours those of the part set.

    Args:
        part_set: Has the colours.
    """

    def __init__(self, part_set: PartSet):
        self.palette = part_set.palette

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'part_maps/{name}.png',)

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        return (palette_png(item.prediction['part_map'], self.palette),)


class PersonMaps:
    """``person_maps/NAME.png``: 8-bit PNG with palette, or 16-bit grey where ids exceed 254.

    Values are person ids, 0 = nobody.
    """

    def paths(self, name: str) -> tuple[str, ...]:
        return (f'person_maps/{name}.png',)

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        return (id_png(item.prediction['person_map'], PERSON_PALETTE),)


class InstanceMaps:
    """The layout in which the CIHP challenge takes results: part map, map of part instances with table, person map.

    ``global_parsing/NAME.png``: part labels. ``instance_parsing/NAME.png``: value n (from 1) is line n of
    ``instance_parsing/NAME.txt``, which holds ``class score`` of one part of one person; 8-bit with palette, 16-bit
    grey beyond 254 instances. ``Human_ids/NAME.png``: person ids.

    Args:
        part_set: Has the colours of the part map.
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

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        parts, part_map, person_map = (item.prediction[key] for key in ('parts', 'part_map', 'person_map'))
        table = ''.join(f'{part["label"]} {part["score"]:.6f}\n' for part in parts)
        return (
            palette_png(part_map, self.palette),
            id_png(instance_map(parts, part_map, person_map), _INSTANCE_PALETTE),
            table.encode(),
            id_png(person_map, PERSON_PALETTE),
        )


def instance_map(parts: list[dict], part_map: np.ndarray, person_map: np.ndarray) -> np.ndarray:
    """The row of the table of parts that each pixel belongs to.

    Args:
        parts: Q rows with ``person`` and ``label``.
        part_map: (H, W) part labels.
        person_map: (H, W) person ids.

    Returns:
        (H, W) int32; rows are counted from 1, 0 = in no row.
    """
    people = 1 + max((part['person'] for part in parts), default=0)
    rows = np.zeros((people, 256), np.int32)  # row of each person id and label
    for row, part in enumerate(parts, start=1):
        rows[part['person'], part['label']] = row
    return rows[np.where(person_map < people, person_map, 0), part_map]  # (H, W)


def palette_png(labels: np.ndarray, palette: Sequence[Colour]) -> bytes:
    """An 8-bit PNG with palette; its indices are the labels (H, W) uint8."""
    image = Image.fromarray(labels)
    image.putpalette([channel for colour in palette for channel in colour])
    stream = io.BytesIO()
    # a third of the default's time for a tenth more bytes: maps are flat
    image.save(stream, 'png', compress_level=1)
    return stream.getvalue()


def id_png(ids: np.ndarray, palette: Sequence[Colour]) -> bytes:
    """A PNG of ids (H, W): 8-bit with palette, or 16-bit grey where ids exceed 254.

    255 would read as "ignore" in an 8-bit map.
    """
    if ids.max(initial=0) < IGNORE:
        return palette_png(ids.astype(np.uint8), palette)
    return cv2.imencode('.png', ids.astype(np.uint16))[1].tobytes()
