"""PartCells: what :class:`mmhparse.codecs.part_grid.PartGrid` computes, for B images at once and on any device."""

from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

from mmhparse.structures.tensor_record import TensorRecord

from .pixel_axis import PixelAxis

_UNSURE = 255
"""Label of a square of four cells that disagree; part sets have at most 255 classes, so none is 255."""


@dataclass(frozen=True, eq=False)
class PartCells(TensorRecord):
    """Part logits of B images, and the likeliest part of each cell; all tensors are on one device.

    Attributes:
        logits: (B, C, h, w) float32.
        squares: (B, h, w) uint8; entry (b, i, j) is the part that cells (i, j) to (i + 1, j + 1) agree on, or 255.
        certainty: (B, h, w) float32; probability of each cell's likeliest part, where that is not the background.
    """

    logits: Tensor
    squares: Tensor
    certainty: Tensor

    @classmethod
    def of(cls, logits: Tensor) -> 'PartCells':
        """From logits (B, C, h, w); -inf is a class that does not occur.

        Raises:
            ValueError: If the logits hold NaN or +inf.
        """
        if not float(logits.amax()) < inf:  # NaN, too, is the maximum where there is one
            raise ValueError('part_logits hold NaN or infinity.')
        logits = logits.float()
        label, certainty = likeliest(logits)  # (B, h, w) each
        # the last row and column are their own neighbours
        padded = torch.cat([label, label[:, -1:]], 1)
        padded = torch.cat([padded, padded[..., -1:]], 2)  # (B, h + 1, w + 1)
        below, right, both = padded[:, 1:, :-1], padded[:, :-1, 1:], padded[:, 1:, 1:]  # (B, h, w) each
        agreed = (below == label) & (right == label) & (both == label)
        return cls(logits, label.masked_fill(~agreed, _UNSURE), certainty)

    def read(self, columns: PixelAxis, rows: PixelAxis) -> tuple[Tensor, Tensor]:
        """Parts at all crossings of W columns and H rows, the same in each image; see :meth:`PartGrid.read`.

        Beside the result, memory is needed for five times the logits of the pixels whose four cells disagree.

        Returns:
            (B, H, W) uint8 likeliest part, and (B, H, W) float32 its probability, 0 where it is the background.
        """
        part = self.squares[:, rows.low[:, None], columns.low]  # (B, H, W)
        row, column = (torch.where(axis.share < 0.5, axis.low, axis.high) for axis in (rows, columns))
        certainty = self.certainty[:, row[:, None], column]  # (B, H, W)
        image, y, x = torch.nonzero(part == _UNSURE, as_tuple=True)  # (S,) each
        left, right = columns.low[x], columns.high[x]
        # (S, C) each
        upper, lower = (
            torch.lerp(self.logits[image, :, row, left], self.logits[image, :, row, right], columns.share[x, None])
            for row in (rows.low[y], rows.high[y])
        )
        part[image, y, x], certainty[image, y, x] = likeliest(torch.lerp(upper, lower, rows.share[y, None]))
        return part, certainty


def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """uint8 likeliest part by logits (S, C, ...), and float32 its probability, 0 where it is the background.

    Returns:
        (S, ...) each.
    """
    best, label = logits.max(1)  # (S, ...) each; of equals the first
    shown = best > logits[:, 0]  # those that are not background
    probability = (logits - best[:, None]).exp_().sum(1).reciprocal_()  # (S, ...)
    return torch.where(shown, label, 0).to(torch.uint8), torch.where(shown, probability, 0.0)
