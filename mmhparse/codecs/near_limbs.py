"""Limb affinities of crowds: only pairs of candidates that are near enough to be the two ends of a limb are scored.

An example: the longest region of a limb type's field is 60 pixels long, its vectors have lengths up to 1, and a link
costs 0.3. Vectors shorter than a quarter of the price, 0.075, do not count as a region. Of a link of 300 pixels at most
60 / 300 = 0.2 lie in one region, and the rest gains less than 0.075: the link costs more than it gains. The reach is
60 * 1 / (0.3 - 0.075) = 267 pixels. A longer link could only be paid for by the limbs of several people in a row.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs
from torch import Tensor

from mmhparse.structures import JointCandidates, Skeleton

from .link_affinity import link_affinity
from .sampling import sample_points

CROWD = 64
"""Candidates of one joint type from which on pairs are searched by distance: all pairs of fewer are scored faster."""

_FLOOR = 0.25
"""Vectors shorter than this share of the price belong to no region."""

_POINTS = 1 << 18
"""Points at which fields are read at once, so that they stay in the cache."""


def limb_reaches(limb_fields: Tensor, prices: Sequence[float], stride: int) -> np.ndarray:
    """(L,) float64; how long a link of each limb type can be, in pixels, for one region of the field to pay for it.

    Args:
        limb_fields: (L, 2, h, w).
        prices: What a link of each of the L limb types costs, above 0.
        stride: Pixels per cell.
    """
    reaches = np.zeros(len(limb_fields))
    for limb, ((x, y), price) in enumerate(zip(limb_fields.numpy(), prices, strict=True)):
        floor = _FLOOR * price
        strength = cv2.magnitude(np.ascontiguousarray(x), np.ascontiguousarray(y))  # (h, w)
        regions = cv2.connectedComponentsWithStats((strength > floor).view(np.uint8), connectivity=8)[2][1:]
        if len(regions):
            # reading between cells widens a region by a cell on each side
            sides = regions[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(0) + 2
            reaches[limb] = stride * np.hypot(*sides) * strength.max() / (price - floor)
    return reaches


def near_limb_affinity(
    candidates: JointCandidates, limb_fields: Tensor, skeleton: Skeleton, stride: int, samples: int, prices: Tensor
) -> Tensor:
    """As :func:`limb_affinity`, of the pairs within reach, and 0 for the others; without a gradient, on the CPU.

    Time grows with the number of pairs within reach: for people of one size who stand side by side, linearly with their
    number.

    Args:
        candidates: N candidates for each of K joint types in B images.
        limb_fields: (B, L, 2, h, w), 2 x 2 cells or more.
        skeleton: The L limbs.
        stride: Pixels per cell.
        samples: Points along a link.
        prices: (B, L); what a link of each limb type costs, above 0.

    Returns:
        (B, L, N, N).
    """
    batch, limbs = limb_fields.shape[:2]
    number = candidates.xy.shape[2]
    affinity = limb_fields.new_zeros(batch * limbs, number, number)
    xy = candidates.xy.float()
    for image in range(batch):
        reaches = limb_reaches(limb_fields[image], prices[image].tolist(), stride)
        for limb, (first, second) in enumerate(skeleton.limbs):
            rows, columns = (candidates.mask[image, joint].nonzero()[:, 0] for joint in (first, second))
            start, end = xy[image, first, rows], xy[image, second, columns]  # (n, 2) and (m, 2)
            row, column = _pairs_within(start.numpy(), end.numpy(), reaches[limb])
            found = _pair_affinity(start[row], end[column], limb_fields[image, limb], stride, samples)
            affinity[image * limbs + limb, rows[row], columns[column]] = found
    return affinity.unflatten(0, (batch, limbs))


def _pairs_within(start: np.ndarray, end: np.ndarray, reach: float) -> tuple[Tensor, Tensor]:
    """(Q,) long each; the rows of ``start`` (n, 2) and ``end`` (m, 2) that are at most so far from each other."""
    if not len(start) or not len(end) or reach <= 0:
        return torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
    near = cKDTree(start).sparse_distance_matrix(cKDTree(end), reach, output_type='ndarray')  # (Q,)
    return torch.from_numpy(near['i'].astype(np.int64)), torch.from_numpy(near['j'].astype(np.int64))


def _pair_affinity(start: Tensor, end: Tensor, field: Tensor, stride: int, samples: int) -> Tensor:
    """(Q,) affinities of links from ``start`` (Q, 2) to ``end`` (Q, 2) with one limb's field (2, h, w)."""
    shares = torch.linspace(0, 1, samples)
    parts = [torch.zeros(0)]
    for some, other in zip(start.split(_POINTS // samples), end.split(_POINTS // samples), strict=True):
        link = other - some  # (q, 2)
        points = some[:, None] + shares[:, None] * link[:, None]  # (q, samples, 2)
        read = sample_points(field[None], points.flatten(0, 1)[None], stride)[0]  # (2, q * samples)
        mean = read.unflatten(1, points.shape[:2]).mean(2).T  # (q, 2)
        parts.append(link_affinity(mean, link, stride))
    return torch.cat(parts)
