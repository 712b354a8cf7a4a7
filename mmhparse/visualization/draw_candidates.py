"""Joint candidates."""

import numpy as np

from mmhparse.structures import ImageGeometry, JointCandidates

from .canvas import draw_dot, line_width, spread_colours, start_drawing
from .grids import faded, points_to_image, single


def draw_candidates(
    image: np.ndarray, candidates: JointCandidates, geometry: ImageGeometry | None = None
) -> np.ndarray:
    """Draws each candidate on the darkened image as a dot in the colour of its joint type, larger with its score.

    Args:
        image: (H, W, 3) uint8 RGB.
        candidates: Candidates of one image.
        geometry: Relates the image to the network input; they are one if None.

    Raises:
        ValueError: If the candidates are of more than one image.
    """
    return put_candidates(faded(start_drawing(image)), candidates, geometry)


def put_candidates(canvas: np.ndarray, candidates: JointCandidates, geometry: ImageGeometry | None) -> np.ndarray:
    """Puts the dots of :func:`draw_candidates` onto the canvas, and returns it."""
    points = points_to_image(single(candidates.xy, 'candidates'), geometry)
    scores, mask = single(candidates.score, 'candidates'), candidates.mask[0].cpu().numpy()
    radius = 3 * line_width(canvas)
    for joint, colour in enumerate(spread_colours(len(points))):
        for point, score in zip(points[joint][mask[joint]], scores[joint][mask[joint]], strict=True):
            draw_dot(canvas, point, radius * (0.4 + 0.6 * score), colour)
    return canvas
