"""Matches: the links that a solver chose between joint candidates."""

import cv2
import numpy as np
from torch import Tensor

from mmhparse.structures import ImageGeometry, JointCandidates, Skeleton, get_skeleton

from .canvas import draw_line, draw_tag, line_width, start_drawing
from .draw_candidates import put_candidates
from .grids import faded, points_to_image, single

_COLOURS = cv2.COLORMAP_PLASMA


def draw_matches(
    image: np.ndarray,
    candidates: JointCandidates,
    links: Tensor,
    scores: Tensor,
    skeleton: str | Skeleton,
    geometry: ImageGeometry | None = None,
) -> np.ndarray:
    """Draws the candidates on the darkened image, and links between them coloured by score: dark blue 0, yellow 1.

    Args:
        image: (H, W, 3) uint8 RGB.
        candidates: Candidates of one image.
        links: (Q, 3) integers as ``MatchingResult.pairs()`` returns them: limb, candidate of the limb's first joint
            type, candidate of its second.
        scores: (Q,) float in [0, 1], e.g. the plan at the links.
        skeleton: The skeleton with these limbs, or its name.
        geometry: Relates the image to the network input; they are one if None.

    Raises:
        ValueError: If the candidates are of more than one image, or the skeleton has no such limb.
    """
    skeleton = get_skeleton(skeleton)
    canvas = faded(start_drawing(image))
    points = points_to_image(single(candidates.xy, 'candidates'), geometry)  # (K, N, 2)
    rows = links.cpu().numpy()  # (Q, 3)
    if rows.size and rows[:, 0].max() >= len(skeleton.limbs):
        raise ValueError(
            f"a link is of limb {rows[:, 0].max()}, but skeleton '{skeleton.name}' has {len(skeleton.limbs)} limbs."
        )
    width = line_width(canvas)
    values = scores.detach().float().cpu().numpy()  # (Q,)
    for index in np.argsort(values, kind='stable'):  # the best on top
        limb, row, column = rows[index].tolist()
        first, second = skeleton.limbs[limb]
        start, end = points[first, row].tolist(), points[second, column].tolist()
        draw_line(canvas, start, end, (0, 0, 0), width + 1)
        draw_line(canvas, start, end, score_colour(float(values[index])), width)
    put_candidates(canvas, candidates, geometry)
    _draw_scale(canvas)
    return canvas


def score_colour(score: float) -> tuple[int, int, int]:
    """RGB colour of a score in [0, 1]."""
    level = np.full((1, 1), np.clip(255 * score, 0, 255), dtype=np.uint8)
    blue, green, red = cv2.applyColorMap(level, _COLOURS)[0, 0].tolist()
    return red, green, blue


def _draw_scale(canvas: np.ndarray) -> None:
    """Draws the key to the colours of scores into the lower left corner of the canvas."""
    unit = max(6, round(min(canvas.shape[:2]) * 0.03))
    left, bottom = unit, canvas.shape[0] - unit
    colours = np.array([score_colour(score) for score in np.linspace(0, 1, 8 * unit)], np.uint8)  # (8 * unit, 3)
    bar = canvas[bottom - unit : bottom, left : left + 8 * unit]
    bar[:] = colours[None, : bar.shape[1]]
    draw_tag(canvas, 'score 0 to 1', (left, bottom - unit - 2), max(7, 0.7 * unit), (40, 40, 40))
