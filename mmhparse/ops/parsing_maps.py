"""The compiled reading of parsing maps, on the CPU: part and person of each pixel in one pass over the image."""

from typing import NamedTuple

import torch
from torch import Tensor

from .backend import has_kernel

_CPU = torch.device('cpu')
_OPS = 'likeliest_parts', 'read_parts', 'read_parsing'


class PixelAxes(NamedTuple):
    """Where the pixels of an image lie among the cells of the part logits.

    Attributes:
        left, right: (W,) int64; the columns of cells around each column of pixels.
        share_x: (W,) float32; weight of the right one.
        above, below: (H,) int64; the rows of cells around each row of pixels.
        share_y: (H,) float32; weight of the lower one.
    """

    left: Tensor
    right: Tensor
    share_x: Tensor
    above: Tensor
    below: Tensor
    share_y: Tensor


def has_parsing() -> bool:
    """Whether the ops of this file were built."""
    return all(has_kernel(op, _CPU) for op in _OPS)


def likeliest_parts(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The part that each square of four cells agrees on, and the probability of each cell's part.

    Args:
        logits: (C, h, w) float32, contiguous or with the classes last in memory, of 1 to 255 classes.

    Returns:
        (h, w) uint8; entry (i, j) is the part that cells (i, j) to (i + 1, j + 1) agree on, or 255. And (h, w) float32,
        0 where the background is the likeliest. Both as of :class:`mmhparse.codecs.part_grid.PartGrid`.

    Raises:
        ValueError, TypeError: If the logits have another shape or type.
    """
    return torch.ops.mmhparse.likeliest_parts(logits)


def read_parts(logits: Tensor, squares: Tensor, certainty: Tensor, axes: PixelAxes) -> tuple[Tensor, Tensor]:
    """What :meth:`mmhparse.codecs.part_grid.PartGrid.read` returns.

    Args:
        logits: (C, h, w) float32, contiguous or with the classes last in memory.
        squares, certainty: Those of :func:`likeliest_parts`.
        axes: Where the pixels lie.

    Returns:
        (H, W) uint8 likeliest part, and (H, W) float32 its probability, 0 where it is the background.

    Raises:
        ValueError, TypeError: If a tensor has another shape or type, or names cells that there are not.
    """
    return torch.ops.mmhparse.read_parts(logits, squares, certainty, list(axes))


def read_parsing(
    logits: Tensor,
    squares: Tensor,
    certainty: Tensor,
    axes: PixelAxes,
    cells: tuple[Tensor, Tensor],
    places: tuple[Tensor, Tensor],
    people: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The maps of :func:`mmhparse.codecs.people_to_parsing.grids_to_parsing`, and the sums of its table.

    Args:
        logits, squares, certainty, axes: As of :func:`read_parts`.
        cells: (h', w') uint8 part and int32 person of the cells of the grid of persons, contiguous.
        places: (W,) and (H,) float64; columns and rows of the pixels among these cells.
        people: P.

    Returns:
        (H, W) uint8 part map, (H, W) int32 person map, and of each part of each person, with nobody in row 0, the
        pixels, (P + 1, C) int64, and the sum of their probabilities, (P + 1, C) float64.

    Raises:
        ValueError, TypeError: If a tensor has another shape or type, or ids are not 0 to P.
    """
    return torch.ops.mmhparse.read_parsing(logits, squares, certainty, list(axes), *cells, *places, people)
