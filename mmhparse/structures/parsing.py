"""Parsing: part map, person map and the table of part instances of one image."""

from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData, PixelData
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Parsing:
    """Which pixel is which part, and of which person.

    Attributes:
        part_map: (H, W) uint8; part class, 0 = background.
        person_map: (H, W) int32; person id, 0 = nobody.
        parts: InstanceData, one row for each part of each person that has pixels, ordered by person and label:
            ``labels`` (Q,) int64, ``persons`` (Q,) int64 person ids, ``scores`` (Q,) float in [0, 1],
            ``areas`` (Q,) int64 pixels, ``probabilities`` (Q,) float, mean probability of the part over its pixels.
    """

    part_map: Tensor
    person_map: Tensor
    parts: InstanceData

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
    def from_pixel_data(cls, maps: PixelData, parts: InstanceData) -> 'Parsing':
        """From maps as :meth:`to_pixel_data` gives them, and the table of parts."""
        return cls(maps.part_map[0], maps.person_map[0], parts)


def empty_parts() -> InstanceData:
    """A table of part instances without rows."""
    return InstanceData(
        labels=torch.zeros(0, dtype=torch.long),
        persons=torch.zeros(0, dtype=torch.long),
        scores=torch.zeros(0),
        areas=torch.zeros(0, dtype=torch.long),
        probabilities=torch.zeros(0),
    )
