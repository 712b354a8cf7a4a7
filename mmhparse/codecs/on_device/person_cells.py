"""PersonCells: how :class:`mmhparse.codecs.person_grid.PersonGrid` reads the persons of pixels, on any device."""

from dataclasses import dataclass

import torch
from torch import Tensor

_OTHER_PART = 100.0
"""Added to the squared distance, in cells, of a cell that shows another part: any cell of the same part is nearer."""


@dataclass(frozen=True, eq=False)
class PersonCells:
    """Part and person of each cell of one image, on one device.

    Attributes:
        part: (h, w) uint8.
        person: (h, w) int32.
    """

    part: Tensor
    person: Tensor

    def read(self, columns: Tensor, rows: Tensor, part_map: Tensor) -> Tensor:
        """(H, W) int32 person of each pixel of a part, as of :meth:`PersonGrid.read`.

        Args:
            columns, rows: (W,) and (H,) float64; where the pixels lie among the cells.
            part_map: (H, W) uint8; their parts.
        """
        height, width = self.part.shape
        column, row = _nearest(columns, width), _nearest(rows, height)
        person = torch.where(part_map > 0, self.person[row[:, None], column], 0)  # (H, W)
        # the nearest cell mostly shows the same part; only elsewhere the other eight are read
        other = (self.part[row[:, None], column] != part_map) & (part_map > 0)  # (H, W)
        y, x = torch.nonzero(other, as_tuple=True)  # (S,) each
        person[y, x] = self._of_same_part(rows[y], columns[x], part_map[y, x])
        return person

    def _of_same_part(self, rows: Tensor, columns: Tensor, part: Tensor) -> Tensor:
        """(S,) person of the best of the nine cells around each place (S,), in cells, that shows a part (S,)."""
        height, width = self.part.shape
        # rows and columns to the cell itself and to the eight around it; of cells at one distance the first counts
        steps = 1 - (torch.arange(3, device=part.device) + 1) % 3  # 0, -1, 1, not copied from the CPU for each band
        down, right = steps.repeat_interleave(3)[:, None], steps.repeat(3)[:, None]  # (9, 1) each
        row = (rows.round().long() + down).clamp_(0, height - 1)  # (9, S)
        column = (columns.round().long() + right).clamp_(0, width - 1)  # (9, S)
        distance = (row - rows).square_() + (column - columns).square_()  # (9, S), squared
        cell = row.mul_(width).add_(column)  # (9, S)
        distance += _OTHER_PART * (self.part.flatten()[cell] != part)
        best = cell.gather(0, distance.argmin(0)[None])[0]  # (S,)
        return self.person.flatten()[best]


def _nearest(places: Tensor, length: int) -> Tensor:
    """(W,) int64; the cells nearest to places along one axis."""
    return places.round().long().clamp(0, length - 1)
