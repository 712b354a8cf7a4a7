"""The pairs of candidates that are near enough to be the two ends of a limb.

An example: the longest region of a limb type's field is 60 pixels long, its vectors have lengths up to 1, and a link
costs 0.3. Vectors shorter than a quarter of the price, 0.075, do not count as a region. The field is read at 10 points
of a link, of which 3 have to lie in the region to pay for it: 2 gain (2 * 1 + 8 * 0.075) / 10 = 0.26 at most. 3 of 10
points span 2 of 9 steps, so that the reach is 60 * 9 / 2 = 270 pixels. A longer link could only be paid for by the
limbs of several people in a row.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs
from torch import Tensor

from mmhparse.structures import JointCandidates, Skeleton

_FLOOR = 0.25
"""Vectors shorter than this share of the price belong to no region."""


def limb_reach(most: float, above: np.ndarray, price: float, stride: int, samples: int) -> float:
    """How long a link of a limb type can be, in pixels, for one region of its field to pay for it.

    0 if no region can, and infinite if the price is so low that a single point can.

    Args:
        most, above: Of the field, as of :func:`field_strength`.
        price: What a link costs, above 0.
        stride: Pixels per cell.
        samples: Points along a link at which the field is read.

    Raises:
        ValueError: If the field holds NaN or infinity.
    """
    floor = _FLOOR * price
    if not np.isfinite(most):
        raise ValueError('limb_fields hold NaN or infinity.')
    # the fewest points in a region that pay: the others gain less than the floor
    points = np.floor(samples * (price - floor) / (most - floor)) + 1 if most > floor else np.inf
    if points > samples:
        return 0.0
    if points == 1:
        return np.inf
    # outlines, as labels of the regions take four times as long; a region inside another one is shorter than that
    outlines, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    sides = np.max([cv2.boundingRect(outline)[2:] for outline in outlines], axis=0)  # (2,) width and height
    # reading between cells widens a region by a cell on each side
    return float(stride * np.hypot(*(sides + 2)) * (samples - 1) / (points - 1))


def field_strength(limb_field: Tensor, price: float) -> tuple[float, np.ndarray]:
    """Length of the longest vector of a field (2, h, w) on the CPU, and its regions: (h, w) uint8, 1 in their cells."""
    x, y = map(np.ascontiguousarray, limb_field.numpy())
    strength = cv2.magnitude(x, y)  # (h, w)
    return float(strength.max()), (strength > _FLOOR * price).view(np.uint8)


def _strengths(limb_fields: Tensor, prices: Sequence[float]) -> list[tuple[float, np.ndarray]]:
    """As :func:`field_strength`, of fields (Q, 2, h, w) on another device, of which a byte a cell is copied at once."""
    length = torch.hypot(limb_fields[:, 0], limb_fields[:, 1])  # (Q, h, w)
    above = length > _FLOOR * length.new_tensor(prices)[:, None, None]  # (Q, h, w)
    return list(zip(length.amax((1, 2)).cpu().tolist(), above.cpu().numpy().view(np.uint8), strict=True))


def near_pairs(
    candidates: JointCandidates, limb_fields: Tensor, skeleton: Skeleton, stride: int, prices: Tensor, samples: int
) -> Tensor:
    """(E, 3) long; the pairs within reach: problem b * L + l, candidate of the limb's first end and of its second.

    Their number grows with the people, of one size and side by side, and not with its square.

    Args:
        candidates: N candidates for each of K joint types in B images.
        limb_fields: (B, L, 2, h, w), on the device of the candidates.
        skeleton: The L limbs.
        stride: Pixels per cell.
        prices: (B, L); what a link of each limb type costs, above 0.
        samples: Points along a link at which the field is read.

    Raises:
        ValueError: If the fields hold NaN or infinity.
    """
    xy, mask = candidates.xy.cpu().double().numpy(), candidates.mask.cpu().numpy()
    # torch.no_grad holds for the thread that says so alone
    fields, costs = limb_fields.detach().flatten(0, 1), prices.cpu().flatten().tolist()  # of B * L problems
    batch, limbs, most = len(mask), len(skeleton.limbs), mask.shape[2]
    used = [[np.flatnonzero(row) for row in image] for image in mask]
    trees = [[cKDTree(xy[image, joint, rows]) for joint, rows in enumerate(used[image])] for image in range(batch)]
    ends = [(image, *limb) for image in range(batch) for limb in skeleton.limbs]  # of each problem
    problems = [p for p, (image, *limb) in enumerate(ends) if all(len(used[image][joint]) for joint in limb)]
    here = fields.device.type == 'cpu'
    copied = [] if here else _strengths(fields[problems], [costs[problem] for problem in problems])

    def of_problem(number: int) -> np.ndarray:
        """(q,) int64 (problem * N + row) * N + column of each pair, ascending."""
        problem = problems[number]
        image, first, second = ends[problem]
        strength = field_strength(fields[problem], costs[problem]) if here else copied[number]
        reach = limb_reach(*strength, costs[problem], stride, samples)
        if not reach:
            return np.zeros(0, np.int64)
        near = trees[image][first].sparse_distance_matrix(trees[image][second], reach, output_type='ndarray')  # (q,)
        row, column = used[image][first][near['i']], used[image][second][near['j']]
        return np.sort((problem * most + row) * most + column)  # numbers are sorted faster than rows of three

    # OpenCV, scipy and NumPy let other threads go on
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        keys = np.concatenate([np.zeros(0, np.int64), *pool.map(of_problem, range(len(problems)))])  # (E,)
    pairs = np.stack(np.unravel_index(keys, (batch * limbs, most, most)), axis=1)  # (E, 3)
    return torch.from_numpy(pairs).to(limb_fields.device)
