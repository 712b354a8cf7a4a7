"""PartGrid: part logits on a coarse grid -> the part of every pixel, interpolated only where neighbours disagree.

An example with three cells in a row at stride 4, whose logits of (background, head) are (0, 2), (0, 1) and (3, 0). The
cells lie at x = 1.5, 5.5 and 9.5. Between the first two, both say head: whatever the weights, head has the higher mean,
and nothing is interpolated. Between the second and third they disagree: at x = 6 the weight of the third is 0.125 and
the mean (0.375, 0.875), which is head; at x = 7 it is 0.375 and the mean (1.125, 0.625), which is background.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from torch import Tensor

from mmhparse import ops

from .sampling import neighbours

_UNSURE = 255
"""Label of a square of four cells that disagree; part sets have at most 255 classes, so none is 255."""


@dataclass(frozen=True, eq=False)
class PartGrid:
    """Part logits of one image, and the likeliest part of each cell.

    The logits of a pixel are the bilinear mean of those of the four cells around it. Where one part is the likeliest in
    all four, it is the likeliest in any mean of them, and the mean need not be computed: in most of an image.

    Attributes:
        logits: (C, h, w) float32, contiguous or with the classes last in memory.
        squares: (h, w) uint8; entry (i, j) is the part that cells (i, j) to (i + 1, j + 1) agree on, or 255.
        certainty: (h, w) float32; probability of each cell's likeliest part, where that is not the background.
        stride: Pixels of the network input per cell.
    """

    logits: Tensor
    squares: np.ndarray
    certainty: np.ndarray
    stride: float

    @classmethod
    def of(cls, logits: Tensor, stride: float) -> 'PartGrid':
        """From logits (C, h, w) on the CPU, with cells of ``stride`` pixels; -inf is a class that does not occur.

        Raises:
            ValueError: If the logits hold NaN or +inf, which are higher than none and than all.
        """
        logits = logits.float()
        if not float(logits.amax()) < inf:  # NaN, too, is the maximum where there is one
            raise ValueError('part_logits hold NaN or infinity.')
        if ops.has_parsing():
            logits = logits if logits.permute(1, 2, 0).is_contiguous() else logits.contiguous()
            squares, certainty = ops.likeliest_parts(logits)  # (h, w) each
            return cls(logits, squares.numpy(), certainty.numpy(), stride)
        logits = logits.contiguous()
        labels, certainty = (found.reshape(logits.shape[1:]) for found in likeliest(logits.flatten(1)))  # (h, w) each
        # the last row and column are their own neighbours
        padded = np.pad(labels, ((0, 1), (0, 1)), mode='edge')  # (h + 1, w + 1)
        agreed = (padded[1:, :-1] == labels) & (padded[:-1, 1:] == labels) & (padded[1:, 1:] == labels)  # (h, w)
        squares = np.where(agreed, labels, np.uint8(_UNSURE))
        return cls(logits, squares, certainty, stride)

    def read(self, xs: np.ndarray, ys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parts at all crossings of columns and rows.

        Args:
            xs, ys: (W,) and (H,) input coordinates.

        Returns:
            (H, W) uint8 likeliest part, and (H, W) float32 its probability, 0 where it is the background. The
            probability is that of the pixel's own logits where the four cells around it disagree, and that of the
            nearest cell where they agree.
        """
        axes = self.axes(xs, ys)
        if ops.has_parsing():
            part_map, certainty = ops.read_parts(*self.tensors(), axes)
            return part_map.numpy(), certainty.numpy()
        left, right, share_x, above, below, share_y = (positions.numpy() for positions in axes)
        width = self.squares.shape[1]
        labels = self.squares.take(above, 0).take(left, 1)  # (H, W)
        rows, columns = np.where(share_y < 0.5, above, below), np.where(share_x < 0.5, left, right)
        certainty = self.certainty.take(rows, 0).take(columns, 1)  # (H, W)
        unsure = np.flatnonzero(labels == _UNSURE)  # (S,) of H * W
        row, column = np.divmod(unsure, len(xs))
        cells = [up[row] * width + side[column] for up in (above, below) for side in (left, right)]  # four of (S,)
        found = likeliest(self._mean_logits(cells, share_x[column], share_y[row]))  # (S,) each
        labels.reshape(-1)[unsure], certainty.reshape(-1)[unsure] = found
        return labels, certainty

    def axes(self, xs: np.ndarray, ys: np.ndarray) -> ops.PixelAxes:
        """The cells around each of the columns ``xs`` (W,) and the rows ``ys`` (H,), in input coordinates."""
        height, width = self.squares.shape
        left, right, share_x = neighbours(torch.from_numpy(xs), self.stride, width)
        above, below, share_y = neighbours(torch.from_numpy(ys), self.stride, height)
        return ops.PixelAxes(left, right, share_x.float(), above, below, share_y.float())

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, squares and certainty."""
        return self.logits, torch.from_numpy(self.squares), torch.from_numpy(self.certainty)

    def _mean_logits(self, cells: list[np.ndarray], share_x: np.ndarray, share_y: np.ndarray) -> Tensor:
        """(C, S) bilinear means of four cells each: above left, above right, below left, below right.

        Args:
            cells: Four times (S,) numbers of cells.
            share_x, share_y: (S,) weights of the right and of the lower cells.
        """
        right, lower = torch.from_numpy(share_x), torch.from_numpy(share_y)
        # (C, S) each
        logits = self.logits.flatten(1)  # (C, h * w)
        first, second, third, fourth = (logits.index_select(1, torch.from_numpy(numbers)) for numbers in cells)
        above, below = torch.lerp(first, second, right), torch.lerp(third, fourth, right)
        return torch.lerp(above, below, lower)


def likeliest(logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(S,) uint8 likeliest part by logits (C, S), and (S,) float32 its probability, 0 where it is the background."""
    labels, certainty = np.zeros(logits.shape[1], np.uint8), np.zeros(logits.shape[1], np.float32)
    # an argmax over classes is expensive, a maximum is cheap, and most of an image is background
    best = logits.amax(0)  # (S,)
    (shown,) = torch.nonzero(best > logits[0], as_tuple=True)  # those that are not background
    rows = logits.index_select(1, shown).T.contiguous()  # (shown, C)
    labels[shown.numpy()] = rows.numpy().argmax(1)
    # the softmax of the highest logit, which is known: logsumexp would search for it again
    certainty[shown.numpy()] = (rows - best[shown, None]).exp_().sum(1).reciprocal_().numpy()
    return labels, certainty
