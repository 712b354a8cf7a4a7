"""Fields -> the places where joints may be."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs
from torch import Tensor

from mmhparse.structures import JointCandidates, PoseFields

_FARTHEST = 1e6
"""Largest radius, in pixels: more than any image is wide."""
_CELLS_AT_ONCE = 2**20
"""The neighbours of so many cells are read at once: an untrained network may be above the threshold everywhere."""


@dataclass(frozen=True)
class CandidateOptions:
    """Which peaks of a joint heatmap become candidates.

    Args:
        threshold: Least height of a peak, in [0, 1].
        max_candidates: Most candidates of one joint type in an image; the highest peaks are taken.
        radius: Of two candidates of one type that are nearer than this, in pixels of the network input, the higher one
            suppresses the other.
    """

    threshold: float = 0.35
    max_candidates: int = 30
    radius: float = 2.0

    def __post_init__(self):
        if not 0 <= self.threshold <= 1 or self.max_candidates < 1 or not 0 <= self.radius <= _FARTHEST:
            raise ValueError(
                f'expected threshold in [0, 1], max_candidates of at least 1 and radius in [0, {_FARTHEST:g}], got '
                f'{self.threshold}, {self.max_candidates} and {self.radius}.'
            )


def fields_to_candidates(fields: PoseFields, options: CandidateOptions) -> JointCandidates:
    """Peaks of the joint heatmaps, each moved by the offset vector of its cell. Nothing here has a gradient.

    A peak is a cell that is as high as each of its eight neighbours. Peaks that the offsets bring together are thinned
    by greedy non-maximum suppression.

    Raises:
        ValueError: If a heatmap, or the offset of a peak, holds NaN or infinity.
    """
    heatmaps, offsets = fields.joint_heatmaps.detach(), fields.joint_offsets.detach()
    batch, types, _, width = heatmaps.shape
    which, cell = _peaks(heatmaps, options.threshold)  # (S,) each: heatmap b * K + k, and cell
    height = heatmaps.flatten(0, 1).flatten(1)[which, cell]  # (S,)
    rank = _ranks(which, height)  # (S,)
    taken = rank < options.max_candidates
    which, cell, height, rank = which[taken], cell[taken], height[taken], rank[taken]
    most = int(rank.max()) + 1 if len(rank) else 1  # N
    centre = (torch.stack([cell % width, cell // width], dim=-1) + 0.5) * fields.stride - 0.5  # (S, 2)
    offset = offsets.flatten(0, 1).flatten(2)[which, :, cell]  # (S, 2)
    if not offset.isfinite().all():
        raise ValueError('joint_offsets hold NaN or infinity.')
    xy, score = offset.new_zeros(batch * types, most, 2), height.new_zeros(batch * types, most)
    mask = torch.zeros_like(score, dtype=torch.bool)
    xy[which, rank], score[which, rank], mask[which, rank] = centre.to(offset) + offset, height, True
    xy, score, mask = (table.unflatten(0, (batch, types)) for table in (xy, score, mask))
    return JointCandidates(xy, score, suppress_neighbours(xy, mask, options.radius))


def _ranks(which: Tensor, height: Tensor) -> Tensor:
    """(S,) place of each peak among those of its heatmap ``which`` (S,), from 0; the highest first, then the first."""
    order = height.argsort(descending=True, stable=True)
    order = order[which[order].argsort(stable=True)]  # heatmap by heatmap
    counts = torch.bincount(which)  # (heatmaps,)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(which), device=which.device) - (counts.cumsum(0) - counts)[which[order]]
    return rank


def suppress_neighbours(xy: Tensor, mask: Tensor, radius: float) -> Tensor:
    """Greedy non-maximum suppression: in order, each candidate that is still there removes those near to it.

    A candidate that is itself suppressed suppresses nothing: of three in a row, 1.5 pixels apart and the best first,
    with a radius of 2, the second is removed by the first, and the third, 3 pixels from the first, stays.

    Args:
        xy: (B, K, N, 2); places, best first.
        mask: (B, K, N) bool; the candidates that take part.
        radius: Candidates suppress what is nearer than this.

    Returns:
        (B, K, N) bool; the candidates of ``mask`` that stay.
    """
    places = torch.nonzero(mask)  # (S, 3); of one joint type better ones first
    points = xy.detach()[tuple(places.T)].double().cpu().numpy()  # (S, 2)
    # one tree for all types: in a third dimension they are farther from each other than the radius
    apart = (places[:, 0] * xy.shape[1] + places[:, 1]).cpu().numpy() * (2 * radius + 1)  # (S,)
    better, worse = cKDTree(np.column_stack([points, apart])).query_pairs(radius, output_type='ndarray').T  # (Q,) each
    rivals = np.linalg.norm(points[better] - points[worse], axis=1) < radius
    better, worse = better[rivals], worse[rivals]
    # whether a candidate stays depends on better ones alone, so that each round settles at least one more for good;
    # the rounds are as many as the longest chain of rivals is long, mostly two
    kept = np.ones(len(points), bool)
    while True:
        survivors = np.ones(len(points), bool)
        survivors[worse[kept[better]]] = False
        if (survivors == kept).all():
            break
        kept = survivors
    result = mask.clone()
    result[tuple(places.T)] = torch.from_numpy(kept).to(mask.device)
    return result


def _peaks(heatmaps: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """(S,) heatmap b * K + k and (S,) cell of the peaks that are not below the threshold, both ascending.

    Neighbours are read only around cells above the threshold, of which there are few once a network has learned.
    """
    height, width = heatmaps.shape[2:]
    flat = heatmaps.flatten()
    high = torch.nonzero(flat.lt(threshold).logical_not_())[:, 0]  # (S',); NaN too
    if not flat[high].isfinite().all():
        raise ValueError('joint_heatmaps hold NaN or infinity.')
    index = torch.cat([cells[_is_highest(flat, cells, height, width)] for cells in high.split(_CELLS_AT_ONCE)])
    return index // (height * width), index % (height * width)


def _is_highest(flat: Tensor, index: Tensor, height: int, width: int) -> Tensor:
    """(S,) bool; whether none of the 3 x 3 cells around a cell is higher.

    Args:
        flat: (B * K * h * w,) heatmaps.
        index: (S,) long; the cells.
        height, width: h and w.
    """
    cell = index % (height * width)
    near = torch.arange(-1, 2, device=index.device)[:, None]  # (3, 1)
    # beyond the border this is another of the nine cells
    rows = (cell // width + near).clamp_(0, height - 1)  # (3, S)
    columns = (cell % width + near).clamp_(0, width - 1)  # (3, S)
    around = (index - cell) + rows[:, None] * width + columns  # (3, 3, S)
    return flat[index] >= flat[around].amax((0, 1))
