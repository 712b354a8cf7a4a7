"""Bilinear reading of fields on a stride grid, at positions in pixels of the network input."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

POINTS_AT_ONCE = 1 << 18
"""Points at which fields are read at once, so that they stay in the cache."""


def cell_centres(length: int, stride: int) -> np.ndarray:
    """(length,) float32; input coordinate of the centre of each cell along one axis."""
    return (np.arange(length, dtype=np.float32) + 0.5) * stride - 0.5


def cell_pixels(length: int, stride: int) -> np.ndarray:
    """(length,) int64; coordinate of the pixel that stands for each cell in label maps.

    An even stride has no middle pixel: at stride 4, cell 0 covers pixels 0 to 3 and is read at pixel 2.
    """
    return np.arange(length) * stride + stride // 2


def sample_points(field: Tensor, xy: Tensor, stride: float) -> Tensor:
    """Reads each field at points of its own, clamped to the border cells; differentiable in the field.

    Args:
        field: (B, C, h, w).
        xy: (B, S, 2); x, y in pixels of the network input.
        stride: Pixels per cell.

    Returns:
        (B, C, S).
    """
    height, width = field.shape[-2:]
    size = xy.new_tensor([width, height]) * stride
    # grid_sample's coordinates: -1 and 1 are the outer borders of the border cells
    grid = (2 * xy + 1) / size - 1  # (B, S, 2)
    read = F.grid_sample(field, grid[:, None], padding_mode='border', align_corners=False)  # (B, C, 1, S)
    return read[:, :, 0]


def sample_planes(field: Tensor, plane: Tensor, xy: Tensor, stride: float) -> Tensor:
    """Reads at each point one of B fields, clamped to the border cells: as :func:`sample_points`, point by point.

    Args:
        field: (B, C, h, w).
        plane: (S,) long; the field that is read at each point.
        xy: (S, 2); x, y in pixels of the network input.
        stride: Pixels per cell.

    Returns:
        (S, C).
    """
    left, right, share_x = neighbours(xy[:, 0], stride, field.shape[3])  # (S,) each
    above, below, share_y = neighbours(xy[:, 1], stride, field.shape[2])
    upper, lower = (
        torch.lerp(field[plane, :, row, left], field[plane, :, row, right], share_x[:, None]) for row in (above, below)
    )  # (S, C) each
    return torch.lerp(upper, lower, share_y[:, None])


def sample_grid(field: Tensor, xs: Tensor, ys: Tensor, stride: float) -> Tensor:
    """Reads a field at all crossings of the columns ``xs`` and the rows ``ys``, clamped to the border cells.

    Args:
        field: (C, h, w).
        xs, ys: (W,) and (H,); input coordinates.
        stride: Pixels per cell.

    Returns:
        (C, H, W).
    """
    low, high, share = neighbours(xs, stride, field.shape[2])
    field = torch.lerp(field[:, :, low], field[:, :, high], share.to(field))  # (C, h, W)
    low, high, share = neighbours(ys, stride, field.shape[1])
    return torch.lerp(field[:, low], field[:, high], share.to(field)[:, None])  # (C, H, W)


def neighbours(positions: Tensor, stride: float, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """The two cells around each position along one axis, and the weight of the second.

    At stride 4, position 10 is at (10 + 0.5) / 4 - 0.5 = 2.125 cells: cells 2 and 3, of which the second has weight
    0.125.

    Args:
        positions: (S,) input coordinates.
        stride: Pixels per cell.
        length: Cells along the axis; positions beyond the first and last centre are clamped to them.

    Returns:
        (S,) long, (S,) long and (S,) float.
    """
    cells = ((positions + 0.5) / stride - 0.5).clamp(0, length - 1)
    low = cells.floor().long()
    return low, (low + 1).clamp(max=length - 1), cells - low
