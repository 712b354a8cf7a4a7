"""The pairs of candidates that are near enough to be the two ends of a limb.

An example: the longest region of a limb type's field is 60 pixels long, its vectors have lengths up to 1, and a link
costs 0.3. Vectors shorter than a quarter of the price, 0.075, do not count as a region. The field is read at 10 points
of a link, of which 3 have to lie in the region to pay for it: 2 gain (2 * 1 + 8 * 0.075) / 10 = 0.26 at most. 3 of 10
points span 2 of 9 steps, so that the reach is 60 * 9 / 2 = 270 pixels. A longer link could only be paid for by the
limbs of several people in a row.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs
from torch import Tensor

from mmhparse.structures import JointCandidates, Skeleton

_FLOOR = 0.25
"""Vectors shorter than this share of the price belong to no region."""


def limb_reaches(limb_fields: Tensor, prices: Sequence[float], stride: int, samples: int) -> np.ndarray:
    """(L,) float64; how long a link of each limb type can be, in pixels, for one region of the field to pay for it.

    0 where no region can, and infinite where the price is so low that a single point can.

    Args:
        limb_fields: (L, 2, h, w).
        prices: What a link of each of the L limb types costs, above 0.
        stride: Pixels per cell.
        samples: Points along a link at which the field is read.

    Raises:
        ValueError: If the fields hold NaN or infinity.
    """
    reaches = np.zeros(len(limb_fields))
    for limb, ((x, y), price) in enumerate(zip(limb_fields.numpy(), prices, strict=True)):
        floor = _FLOOR * price
        strength = cv2.magnitude(np.ascontiguousarray(x), np.ascontiguousarray(y))  # (h, w)
        most = strength.max()
        if not np.isfinite(most):
            raise ValueError('limb_fields hold NaN or infinity.')
        # the fewest points in a region that pay: the others gain less than the floor
        points = np.floor(samples * (price - floor) / (most - floor)) + 1 if most > floor else np.inf
        if points > samples:
            continue
        # outlines, as labels of the regions take four times as long; a region inside another one is shorter than that
        outlines, _ = cv2.findContours((strength > floor).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if outlines:
            sides = np.max([cv2.boundingRect(outline)[2:] for outline in outlines], axis=0)  # (2,) width and height
            # reading between cells widens a region by a cell on each side
            reaches[limb] = stride * np.hypot(*sides + 2) * (samples - 1) / (points - 1) if points > 1 else np.inf
    return reaches


def near_pairs(
    candidates: JointCandidates, limb_fields: Tensor, skeleton: Skeleton, stride: int, prices: Tensor, samples: int
) -> Tensor:
    """(E, 3) long; the pairs within reach: problem b * L + l, candidate of the limb's first end and of its second.

    Their number grows with the people, of one size and side by side, and not with its square.

    Args:
        candidates: N candidates for each of K joint types in B images.
        limb_fields: (B, L, 2, h, w), on the CPU.
        skeleton: The L limbs.
        stride: Pixels per cell.
        prices: (B, L); what a link of each limb type costs, above 0.
        samples: Points along a link at which the field is read.

    Raises:
        ValueError: If the fields hold NaN or infinity.
    """
    batch, limbs = limb_fields.shape[:2]
    xy, mask = candidates.xy.double().numpy(), candidates.mask.numpy()
    most = mask.shape[2]  # N
    keys = [np.zeros(0, np.int64)]  # of each pair (problem * N + row) * N + column, which are fast to sort
    for image in range(batch):
        reaches = limb_reaches(limb_fields[image], prices[image].tolist(), stride, samples)
        used = [np.flatnonzero(row) for row in mask[image]]
        trees = [cKDTree(xy[image, joint, rows]) for joint, rows in enumerate(used)]
        for limb, (first, second) in enumerate(skeleton.limbs):
            if reaches[limb] <= 0 or not len(used[first]) or not len(used[second]):
                continue
            near = trees[first].sparse_distance_matrix(trees[second], reaches[limb], output_type='ndarray')  # (q,)
            row, column = used[first][near['i']], used[second][near['j']]
            keys.append(((image * limbs + limb) * most + row) * most + column)
    pairs = np.unravel_index(np.sort(np.concatenate(keys)), (batch * limbs, most, most))
    return torch.from_numpy(np.stack(pairs, axis=1))
