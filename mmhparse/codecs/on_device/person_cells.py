"""PersonCells: how :class:`mmhparse.codecs.person_grid.PersonGrid` reads the persons of pixels, on any device."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

_OTHER_PART = 100.0
"""Added to the squared distance, in cells, of a cell that shows another part: any cell of the same part is nearer."""
_STEPS = tuple(product((0, -1, 1), repeat=2))
"""Rows and columns from a cell to itself and to the eight around it; of cells at one distance the first counts."""


@dataclass(frozen=True, eq=False)
class PersonCells:
    """Part and person of each cell, on one device.

    Attributes:
        part: (h, w) uint8.
        person: (h, w) int32.
    """

    part: Tensor
    person: Tensor

    def read(self, columns: np.ndarray, rows: np.ndarray, part_map: Tensor) -> Tensor:
        """(H, W) int32 person of each pixel of a part, as of :meth:`PersonGrid.read`.

        Args:
            columns, rows: (W,) and (H,) float64; where the pixels lie among the cells.
            part_map: (H, W) uint8; their parts.
        """
        height, width = self.part.shape
        column, row = self._nearest(columns, width), self._nearest(rows, height)
        person = torch.where(part_map > 0, self.person[row[:, None], column], 0)  # (H, W)
        # the nearest cell mostly shows the same part; only elsewhere the other eight are read
        other = (self.part[row[:, None], column] != part_map) & (part_map > 0)  # (H, W)
        y, x = torch.nonzero(other, as_tuple=True)  # (S,) each
        places = (torch.from_numpy(axis).to(self.part.device) for axis in (rows, columns))
        row, column = (place[index] for place, index in zip(places, (y, x), strict=True))  # (S,) each
        person[y, x] = self._of_same_part(row, column, part_map[y, x])
        return person

    def _nearest(self, places: np.ndarray, length: int) -> Tensor:
        """(W,) int64; the cells nearest to places along one axis."""
        return torch.from_numpy(np.rint(places).astype(np.int64).clip(0, length - 1)).to(self.part.device)

    def _of_same_part(self, rows: Tensor, columns: Tensor, part: Tensor) -> Tensor:
        """(S,) person of the best of the nine cells around each place (S,), in cells, that shows a part (S,)."""
        height, width = self.part.shape
        down, right = torch.tensor(_STEPS, device=part.device).T[..., None]  # (9, 1) each
        row = (rows.round().long() + down).clamp_(0, height - 1)  # (9, S)
        column = (columns.round().long() + right).clamp_(0, width - 1)  # (9, S)
        distance = (row - rows).square_() + (column - columns).square_()  # (9, S), squared
        cell = row.mul_(width).add_(column)  # (9, S)
        distance += _OTHER_PART * (self.part.flatten()[cell] != part)
        best = cell.gather(0, distance.argmin(0)[None])[0]  # (S,)
        return self.person.flatten()[best]
