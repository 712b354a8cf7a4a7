"""Parsing: part map, person map and the table of part instances of one image."""

from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData, PixelData
from torch import Tensor


class PartTable(InstanceData):
    """The part instances of one image: one row for each part of each person that has pixels, by person and label.

    Attributes:
        labels: (Q,) int64; part classes.
        persons: (Q,) int64; person ids.
        scores: (Q,) float in [0, 1].
        areas: (Q,) int64; pixels.
        probabilities: (Q,) float; mean probability of the part over its pixels.
    """

    labels: Tensor
    persons: Tensor
    scores: Tensor
    areas: Tensor
    probabilities: Tensor


@dataclass(frozen=True, eq=False)
class Parsing:
    """Which pixel is which part, and of which person.

    Attributes:
        part_map: (H, W) uint8; part class, 0 = background.
        person_map: (H, W) int32; person id, 0 = nobody.
        parts: Q part instances.

    Raises:
        ValueError: If the maps differ in size.
    """

    part_map: Tensor
    person_map: Tensor
    parts: PartTable

    def __post_init__(self):
        if self.part_map.ndim != 2 or self.part_map.shape != self.person_map.shape:
            raise ValueError(
                'part_map and person_map must be two (H, W) maps of one size, got '
                f'{tuple(self.part_map.shape)} and {tuple(self.person_map.shape)}.'
            )

    def to_pixel_data(self) -> PixelData:
        """The maps as mmengine stores them: ``part_map`` and ``person_map``, each (1, H, W)."""
        return PixelData(part_map=self.part_map[None], person_map=self.person_map[None])

    @classmethod
    def from_pixel_data(cls, maps: PixelData, parts: PartTable) -> 'Parsing':
        """From maps as :meth:`to_pixel_data` returns them, and the table of parts."""
        part_map, person_map = maps.get('part_map'), maps.get('person_map')  # (1, H, W) each
        return cls(part_map[0], person_map[0], parts)


def empty_parts() -> PartTable:
    """A table of part instances without rows."""
    return PartTable(
        labels=torch.zeros(0, dtype=torch.long),
        persons=torch.zeros(0, dtype=torch.long),
        scores=torch.zeros(0, dtype=torch.float32),
        areas=torch.zeros(0, dtype=torch.long),
        probabilities=torch.zeros(0, dtype=torch.float32),
    )
