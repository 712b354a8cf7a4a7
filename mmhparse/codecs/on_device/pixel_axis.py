"""PixelAxis: where pixels lie among the cells of two grids, along one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmhparse.structures.tensor_record import TensorRecord

from ..sampling import neighbours


@dataclass(frozen=True, eq=False)
class PixelAxis(TensorRecord):
    """S columns or rows of pixels, on one device.

    Attributes:
        low, high: (S,) int32; the two cells of the part logits around each.
        share: (S,) float32; weight of the second.
        place: (S,) float64; position among the cells of the finest grid, whose centres are at 0, 1, 2 and so on.
    """

    low: Tensor
    high: Tensor
    share: Tensor
    place: Tensor

    @classmethod
    def of(cls, positions: Tensor, part_cells: int, part_stride: float, stride: int) -> 'PixelAxis':
        """From coordinates in the network input.

        Args:
            positions: (S,) float64.
            part_cells: Cells of the part logits along the axis.
            part_stride: Pixels per cell of the part logits.
            stride: Pixels per cell of the finest grid.
        """
        low, high, share = neighbours(positions, part_stride, part_cells)
        return cls(low.int(), high.int(), share.float(), (positions + 0.5) / stride - 0.5)

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, some: slice) -> 'PixelAxis':
        return self.map(lambda tensor: tensor[some])

    def split(self, lengths: Sequence[int]) -> list['PixelAxis']:
        """Consecutive pieces of these lengths."""
        ends = np.cumsum(lengths)
        return [self[end - length : end] for end, length in zip(ends.tolist(), lengths, strict=True)]
