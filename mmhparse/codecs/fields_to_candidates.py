"""Fields -> the places where joints may be."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mmhparse.structures import JointCandidates, PoseFields


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


def fields_to_candidates(fields: PoseFields, options: CandidateOptions) -> JointCandidates:
    """Peaks of the joint heatmaps, each moved by the offset vector of its cell. Nothing here has a gradient.

    A peak is a cell that is as high as each of its eight neighbours. Peaks that the offsets bring together are thinned
    by greedy non-maximum suppression.
    """
    heatmaps, offsets = fields.joint_heatmaps.detach(), fields.joint_offsets.detach()
    width = heatmaps.shape[3]
    is_peak = heatmaps == _highest_around(heatmaps)  # (B, K, h, w)
    heights = torch.where(is_peak, heatmaps, torch.zeros_like(heatmaps)).flatten(2)  # (B, K, h * w)
    cell = _highest_cells(heights, options.max_candidates)  # (B, K, N)
    score = heights.gather(2, cell)  # (B, K, N)
    centre = (torch.stack([cell % width, cell // width], dim=-1) + 0.5) * fields.stride - 0.5  # (B, K, N, 2)
    offset = offsets.flatten(3).gather(3, cell[:, :, None].expand(-1, -1, 2, -1)).transpose(2, 3)  # (B, K, N, 2)
    xy = centre.to(offset) + offset
    return JointCandidates(xy, score, suppress_neighbours(xy, score >= options.threshold, options.radius))


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
    # not by way of |a|^2 + |b|^2 - 2 a.b, which torch takes from 26 points on: its errors are those of the squares
    distance = torch.cdist(xy, xy, compute_mode='donot_use_mm_for_euclid_dist')  # (B, K, N, N)
    is_better = torch.ones(distance.shape[-2:], dtype=torch.bool, device=xy.device).tril(-1)  # (N, N): column over row
    rivals = (distance < radius) & is_better
    # whether a candidate stays depends on better ones alone, so that each round settles at least one more for good;
    # the rounds are as many as the longest chain of rivals is long, mostly two
    kept = mask
    while True:
        survivors = mask & ~(rivals & kept[..., None, :]).any(-1)
        if torch.equal(survivors, kept):
            return kept
        kept = survivors


def _highest_around(heatmaps: Tensor) -> Tensor:
    """(B, K, h, w); the highest of the 3 x 3 cells around each cell of heatmaps (B, K, h, w) in [0, 1].

    As ``F.max_pool2d(heatmaps, 3, 1, 1)``, but a row and then a column: some 50 times as fast on a CPU.
    """
    padded = F.pad(heatmaps, (1, 1, 1, 1))  # (B, K, h + 2, w + 2)
    rows = torch.maximum(torch.maximum(padded[:, :, :-2], padded[:, :, 1:-1]), padded[:, :, 2:])  # (B, K, h, w + 2)
    return torch.maximum(torch.maximum(rows[..., :-2], rows[..., 1:-1]), rows[..., 2:])


def _highest_cells(heights: Tensor, most: int) -> Tensor:
    """(B, K, N) long; the N highest cells of (B, K, h * w) heights, highest first, of equal heights the first cell.

    ``torch.topk`` leaves the order of equal heights open. A float32 that is not negative is ordered as its bits are as
    an integer, so that height and cell make one 64-bit key: height 0.5 (0x3F000000) in cell 7 of 64 has the key
    0x3F000000_00000038, as 63 - 7 is 0x38.
    """
    cells = heights.shape[2]
    backwards = torch.arange(cells - 1, -1, -1, device=heights.device)  # (h * w,)
    # in place: large maps leave the cache otherwise
    keys = heights.float().view(torch.int32).long().bitwise_left_shift_(32).bitwise_or_(backwards)  # (B, K, h * w)
    return keys.topk(min(most, cells), dim=2).indices
