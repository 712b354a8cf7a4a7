"""PartCells: what :class:`mmhparse.codecs.part_grid.PartGrid` computes, on any device."""

from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from torch import Tensor

from ..sampling import neighbours

_UNSURE = 255
"""Label of a square of four cells that disagree; part sets have at most 255 classes, so none is 255."""


@dataclass(frozen=True, eq=False)
class PartCells:
    """Part logits of one image, and the likeliest part of each cell; all tensors are on one device.

    Attributes:
        logits: (h * w, C) float32.
        squares: (h, w) uint8; entry (i, j) is the part that cells (i, j) to (i + 1, j + 1) agree on, or 255.
        certainty: (h, w) float32; probability of each cell's likeliest part, where that is not the background.
        stride: Pixels of the network input per cell.
    """

    logits: Tensor
    squares: Tensor
    certainty: Tensor
    stride: float

    @classmethod
    def of(cls, logits: Tensor, stride: float) -> 'PartCells':
        """From logits (C, h, w) with cells of ``stride`` pixels; -inf is a class that does not occur.

        Raises:
            ValueError: If the logits hold NaN or +inf.
        """
        if not float(logits.amax()) < inf:  # NaN, too, is the maximum where there is one
            raise ValueError('part_logits hold NaN or infinity.')
        height, width = logits.shape[1:]
        cells = logits.float().permute(1, 2, 0).flatten(0, 1)  # (h * w, C), a view
        label, certainty = (found.view(height, width) for found in likeliest(cells))
        # the last row and column are their own neighbours
        padded = torch.cat([label, label[-1:]])
        padded = torch.cat([padded, padded[:, -1:]], 1)  # (h + 1, w + 1)
        agreed = (padded[1:, :-1] == label) & (padded[:-1, 1:] == label) & (padded[1:, 1:] == label)  # (h, w)
        return cls(cells, label.masked_fill(~agreed, _UNSURE), certainty, stride)

    def read(self, xs: np.ndarray, ys: np.ndarray) -> tuple[Tensor, Tensor]:
        """Parts at all crossings of columns and rows; see :meth:`PartGrid.read`.

        Beside the result, memory is needed for five times the logits of the pixels whose four cells disagree.

        Args:
            xs, ys: (W,) and (H,) input coordinates.

        Returns:
            (H, W) uint8 likeliest part, and (H, W) float32 its probability, 0 where it is the background.
        """
        height, width = self.squares.shape
        left, right, share_x = self._axis(xs, width)
        above, below, share_y = self._axis(ys, height)
        part = self.squares[above[:, None], left]  # (H, W)
        rows, columns = torch.where(share_y < 0.5, above, below), torch.where(share_x < 0.5, left, right)
        certainty = self.certainty[rows[:, None], columns]  # (H, W)
        y, x = torch.nonzero(part == _UNSURE, as_tuple=True)  # (S,) each
        # (S, C) each
        upper, lower = (
            torch.lerp(self.logits[row + left[x]], self.logits[row + right[x]], share_x[x, None])
            for row in (above[y] * width, below[y] * width)
        )
        part[y, x], certainty[y, x] = likeliest(torch.lerp(upper, lower, share_y[y, None]))
        return part, certainty

    def _axis(self, positions: np.ndarray, length: int) -> tuple[Tensor, Tensor, Tensor]:
        """As :func:`neighbours`, computed in float64 on the CPU, where it is as long as the image is wide or high."""
        low, high, share = neighbours(torch.from_numpy(positions), self.stride, length)
        device = self.squares.device
        return low.to(device), high.to(device), share.float().to(device)


def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """(S,) uint8 likeliest part by logits (S, C), and (S,) float32 its probability, 0 where it is the background."""
    best, label = logits.max(1)  # (S,) each; of equals the first
    shown = best > logits[:, 0]  # those that are not background
    probability = (logits - best[:, None]).exp_().sum(1).reciprocal_()  # (S,)
    return torch.where(shown, label, 0).to(torch.uint8), torch.where(shown, probability, 0.0)
