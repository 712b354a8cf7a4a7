"""vote_map: where the pixels of people land, as a differentiable histogram."""

import torch
import torch.nn.functional as F
from torch import Tensor


def vote_map(projection: Tensor, weight: Tensor, stride: int) -> Tensor:
    """The histogram of the landing points u + D(u) on the grid of the cells u; differentiable in both arguments.

    Each landing point is split bilinearly among the four cells around it, so that the histogram moves continuously with
    it. Shares beyond the border of the grid are lost; all others add up to the sum of the weights.

    Args:
        projection: (B, 2, h, w); the vectors D, (x, y) in pixels of the network input.
        weight: (B, h, w); how much each cell counts.
        stride: Input pixels per cell.

    Returns:
        (B, 1, h, w).
    """
    batch, _, height, width = projection.shape
    # landing points in cells, (B, h, w) each
    columns = torch.arange(width, device=projection.device) + projection[:, 0] / stride
    rows = torch.arange(height, device=projection.device)[:, None] + projection[:, 1] / stride
    left, top = columns.detach().floor(), rows.detach().floor()
    # one row for all images: torch can add up in a fixed order only along one axis
    image = height * width * torch.arange(batch, device=projection.device)[:, None, None]  # (B, 1, 1)
    votes = torch.zeros_like(weight).flatten()  # (B * h * w,)
    for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
        share = (1 - (columns - column).abs()) * (1 - (rows - row).abs())
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        cell = image + torch.where(inside, row * width + column, torch.zeros_like(row)).long()
        votes = votes.scatter_add(0, cell.flatten(), (share * weight * inside).flatten())
    return votes.view_as(weight)[:, None]


def foreground(part_logits: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, h, w) in [0, 1]; the probability of any part, read bilinearly on a grid of ``size`` (h, w).

    Args:
        part_logits: (B, C, h', w'), with class 0 the background.
        size: The grid.
    """
    chance = 1 - part_logits.softmax(1)[:, :1]  # (B, 1, h', w')
    return F.interpolate(chance, size=size, mode='bilinear', align_corners=False)[:, 0]


def landing_votes(projection: Tensor, part_logits: Tensor, stride: int) -> Tensor:
    """(B, 1, h, w); log(1 + votes) of the pixels of people, as input of a convolution.

    Each cell votes with the probability that it shows a person. The logarithm brings some hundreds of cells that land
    at one joint to the scale of features.

    Args:
        projection: (B, 2, h, w); the projection field on the finest level, in pixels of the network input.
        part_logits: (B, C, h', w').
        stride: Input pixels per cell.
    """
    # sums of many cells, and places of a fraction of a pixel, need single precision
    projection, part_logits = projection.float(), part_logits.float()
    weight = foreground(part_logits, (projection.shape[2], projection.shape[3]))  # (B, h, w)
    return vote_map(projection, weight, stride).log1p()
