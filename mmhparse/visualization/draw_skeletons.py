"""People as skeletons."""

from collections.abc import Sequence

import numpy as np

from mmhparse.structures import Skeleton, get_skeleton

from .canvas import draw_dot, draw_line, line_width, person_colour, start_drawing


def draw_skeletons(
    image: np.ndarray,
    keypoints: np.ndarray,
    keypoint_scores: np.ndarray,
    skeleton: str | Skeleton,
    ids: Sequence[int] | None = None,
) -> np.ndarray:
    """Draws the limbs of each person in the person's colour, and the joints that were found as dots.

    A limb that skips over a joint is drawn only where that joint was not found.

    Args:
        image: (H, W, 3) uint8 RGB.
        keypoints: (P, K, 2) float; x, y in pixels of the image.
        keypoint_scores: (P, K) float; 0 = not found.
        skeleton: Name of a skeleton, or one.
        ids: P person ids, which decide the colours; 1 to P if not given.

    Raises:
        ValueError: If the number of joints is not that of the skeleton.
    """
    canvas = start_drawing(image)
    skeleton = get_skeleton(skeleton)
    if keypoints.shape != (len(keypoints), len(skeleton), 2) or keypoint_scores.shape != keypoints.shape[:2]:
        raise ValueError(
            f"skeleton '{skeleton.name}' needs keypoints (P, {len(skeleton)}, 2) and keypoint_scores (P, "
            f'{len(skeleton)}), got {keypoints.shape} and {keypoint_scores.shape}.'
        )
    width = line_width(canvas)
    ids = range(1, len(keypoints) + 1) if ids is None else ids
    for person, points, found in zip(ids, keypoints, keypoint_scores > 0, strict=True):
        colour = person_colour(int(person))
        limbs = shown_limbs(skeleton, found)
        for first, second in limbs:
            draw_line(canvas, points[first], points[second], (0, 0, 0), width + 1)
        for first, second in limbs:
            draw_line(canvas, points[first], points[second], colour, width)
        for point in points[found]:
            draw_dot(canvas, point, 1.6 * width, colour)
    return canvas


def shown_limbs(skeleton: Skeleton, found: np.ndarray) -> list[tuple[int, int]]:
    """The limbs between found joints, without those with ends that two earlier limbs already connect.

    Example:
        Where shoulder, elbow and wrist were found, the limbs shoulder - elbow and elbow - wrist are shown, and a later
        limb shoulder - wrist is not.

    Args:
        skeleton: Joint types and limbs.
        found: (K,) bool.
    """
    shown: list[tuple[int, int]] = []
    neighbours: dict[int, set[int]] = {joint: set() for joint in range(len(skeleton))}
    for first, second in skeleton.limbs:
        if found[first] and found[second] and not neighbours[first] & neighbours[second]:
            shown.append((first, second))
            neighbours[first].add(second)
            neighbours[second].add(first)
    return shown
