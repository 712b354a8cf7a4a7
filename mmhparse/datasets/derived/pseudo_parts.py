"""Pseudo part labels: each pixel of a person's mask takes the part of its nearest body segment.

They are guesses from joint positions, not annotations: good enough to learn from where nobody has annotated parts, not
to compare methods by.
"""

import numpy as np

from .body_segments import TORSO, BodySegments, Segment, body_segments

GAP = 0.125
"""Segments end this many pixels before their joints, so that pixels around a joint are divided by the bisector."""
HALF_WIDTH = 0.1
"""Half the width of limbs and head, as a share of the trunk's length: an arm in front of the trunk keeps its pixels.
Upper arms and legs reach it at this distance from the trunk, so that the bisector divides pixels there, too."""
HIDDEN_HANDICAP = 2.0
"""A hidden limb has no width and counts as this many times farther away: mostly, whatever hides it is visible."""


def pseudo_part_map(mask: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """The parts of one person.

    Args:
        mask: (H, W) bool; the person's pixels.
        joints: (17, 3) float; x, y in pixels and visibility, in the order of COCO; at least one is labelled.

    Returns:
        (H, W) uint8 classes of DensePose-COCO, 0 outside the mask.

    Raises:
        ValueError: If no joint is labelled or the joints are not (17, 3).
    """
    body = body_segments(joints)
    if not body.segments:
        raise ValueError('a person without labelled joints has no pseudo parts; mark its mask as ignore instead.')
    rows, columns = np.nonzero(mask)
    part_map = np.zeros(mask.shape, np.uint8)
    part_map[rows, columns] = nearest_parts(np.stack([columns, rows], axis=1), body)
    return part_map


def nearest_parts(points: np.ndarray, body: BodySegments) -> np.ndarray:
    """The part class of the nearest segment, (N,) uint8, of points (N, 2); the earlier segment wins a tie."""
    points = points.astype(np.float32)
    nearest = np.full(len(points), np.inf, np.float32)
    parts = np.zeros(len(points), np.uint8)
    in_trunk = _inside(points, body.trunk)
    nearest[in_trunk], parts[in_trunk] = 0, TORSO
    for segment in body.segments:
        distance = _distance(points, segment, HALF_WIDTH * body.trunk_length)
        closer = distance < nearest
        nearest[closer] = distance[closer]
        parts[closer] = segment.part
    return parts


def segment_distances(points: np.ndarray, body: BodySegments, num_parts: int) -> np.ndarray:
    """How far points are from each part's nearest segment.

    Args:
        points: (N, 2) float; x, y in pixels.
        body: The segments of one person.
        num_parts: C part classes.

    Returns:
        (N, C) float32 in pixels; infinite for parts without a segment, 0 or below on a part.
    """
    points = points.astype(np.float32)
    distances = np.full((len(points), num_parts), np.inf, np.float32)
    distances[_inside(points, body.trunk), TORSO] = 0
    for segment in body.segments:
        distance = _distance(points, segment, HALF_WIDTH * body.trunk_length)
        np.minimum(distances[:, segment.part], distance, out=distances[:, segment.part])
    return distances


def _distance(points: np.ndarray, segment: Segment, half_width: float) -> np.ndarray:
    """(N,) float32 pixels from points (N, 2) to a segment: to its line for the trunk, to its surface for others."""
    axis = (segment.end - segment.start).astype(np.float32)
    length = float(np.hypot(*axis))
    axis /= max(length, 1e-6)
    gap = min(GAP, length / 4)
    offset = points - segment.start.astype(np.float32)
    along = np.clip(offset @ axis, gap, length - gap)
    offset -= along[:, None] * axis
    distance = np.hypot(offset[:, 0], offset[:, 1])
    if segment.part == TORSO:
        return distance
    if segment.hidden:
        return HIDDEN_HANDICAP * distance
    return distance - (np.minimum(along, half_width) if segment.on_trunk else half_width)


def _inside(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(N,) bool; whether points (N, 2) are in the polygon of corners (M, 2), by the parity of crossed edges."""
    inside = np.zeros(len(points), bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        if crosses.any():
            inside ^= crosses & (x < x0 + (x1 - x0) * (y - y0) / (y1 - y0))
    return inside
