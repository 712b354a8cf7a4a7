"""PartGrid: part logits on a coarse grid -> the part of every pixel, computed where neighbours disagree alone."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .sampling import neighbours

_UNSURE = 255
"""Label of a square of four cells that disagree; part sets have at most 255 classes, so none is 255."""


@dataclass(frozen=True, eq=False)
class PartGrid:
    """Part logits of one image, and what they say of each cell.

    The logits of a pixel are the bilinear mean of those of the four cells round it. Where the same part is the
    likeliest in all four, it is so in any mean of them, and the mean need not be computed: that is most of an image.

    Attributes:
        logits: (C, h * w) float32.
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
        """From logits (C, h, w) on the CPU."""
        logits = logits.float().contiguous()
        flat = logits.flatten(1)
        labels, certainty = (found.reshape(logits.shape[1:]) for found in likeliest(flat))
        # the last row and column stand for their own neighbours
        wider = np.pad(labels, ((0, 1), (0, 1)), mode='edge')
        alike = (wider[1:, :-1] == labels) & (wider[:-1, 1:] == labels) & (wider[1:, 1:] == labels)
        squares = np.where(alike, labels, np.uint8(_UNSURE))
        return cls(flat, squares, certainty, stride)

    def read(self, xs: np.ndarray, ys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parts at all crossings of columns and rows.

        Args:
            xs, ys: (W,) and (H,) input coordinates.

        Returns:
            (H, W) uint8 likeliest part, and (H, W) float32 its probability where it is not the background: that of the
            pixel's own logits where the four cells round it disagree, and that of the nearest cell where they agree.
        """
        height, width = self.squares.shape
        left, right, share_x = self._neighbours(xs, width)
        above, below, share_y = self._neighbours(ys, height)
        labels = self.squares.take(above, 0).take(left, 1)
        rows, columns = np.where(share_y < 0.5, above, below), np.where(share_x < 0.5, left, right)
        certainty = self.certainty.take(rows, 0).take(columns, 1)
        unsure = np.flatnonzero(labels == _UNSURE)
        row, column = np.divmod(unsure, len(xs))
        cells = [up[row] * width + side[column] for up in (above, below) for side in (left, right)]
        found = likeliest(self._mean_logits(cells, share_x[column], share_y[row]))
        labels.reshape(-1)[unsure], certainty.reshape(-1)[unsure] = found
        return labels, certainty

    def _neighbours(self, places: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high, share = neighbours(torch.from_numpy(places), self.stride, length)
        return low.numpy(), high.numpy(), share.float().numpy()

    def _mean_logits(self, cells: list[np.ndarray], share_x: np.ndarray, share_y: np.ndarray) -> Tensor:
        """(C, S) bilinear means of four cells each: above left, above right, below left, below right."""
        share_x, share_y = torch.from_numpy(share_x), torch.from_numpy(share_y)
        first, second, third, fourth = (self.logits.index_select(1, torch.from_numpy(numbers)) for numbers in cells)
        above, below = torch.lerp(first, second, share_x), torch.lerp(third, fourth, share_x)
        return torch.lerp(above, below, share_y)


def likeliest(logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(S,) uint8 likeliest part by logits (C, S), and (S,) float32 its probability; 0 where it is the background."""
    labels, certainty = np.zeros(logits.shape[1], np.uint8), np.zeros(logits.shape[1], np.float32)
    # finding the best class is expensive and its logit is cheap; most of an image is background
    best = logits.amax(0)
    (shown,) = torch.nonzero(best > logits[0], as_tuple=True)
    rows = logits.index_select(1, shown).T.contiguous()
    labels[shown.numpy()] = rows.numpy().argmax(1)
    # softmax at its highest; the highest is known, so that logsumexp need not find it again
    certainty[shown.numpy()] = (rows - best[shown, None]).exp_().sum(1).reciprocal_().numpy()
    return labels, certainty
