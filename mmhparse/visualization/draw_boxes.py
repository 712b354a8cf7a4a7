"""Boxes around people, and their ids and scores."""

from collections.abc import Sequence

import numpy as np

from .canvas import draw_line, draw_tag, line_width, person_colour, start_drawing, text_size


def draw_boxes(image: np.ndarray, boxes: np.ndarray, ids: Sequence[int] | None = None) -> np.ndarray:
    """Draws each person's box in the person's colour; empty boxes are left out.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (P, 4) float; x1, y1, x2, y2 in pixels.
        ids: P person ids, which decide the colours; 1 to P if not given.
    """
    canvas = start_drawing(image)
    ids = range(1, len(boxes) + 1) if ids is None else ids
    for person, (left, top, right, bottom) in zip(ids, boxes, strict=True):
        if right <= left or bottom <= top:
            continue
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            draw_line(canvas, start, end, person_colour(int(person)), line_width(canvas))
    return canvas


def draw_ids(
    image: np.ndarray, boxes: np.ndarray, scores: Sequence[float] | None = None, ids: Sequence[int] | None = None
) -> np.ndarray:
    """Writes each person's id, and score where there are scores, above the middle of the person's box.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (P, 4) float; x1, y1, x2, y2 in pixels. Empty boxes are left out.
        scores: P scores in [0, 1].
        ids: P person ids; 1 to P if not given.
    """
    canvas = start_drawing(image)
    letters = max(7, 4.5 * line_width(canvas))
    ids = range(1, len(boxes) + 1) if ids is None else ids
    for index, (person, (left, top, right, bottom)) in enumerate(zip(ids, boxes, strict=True)):
        if right <= left and bottom <= top:
            continue
        text = str(person) if scores is None else f'{person}: {scores[index]:.2f}'
        middle = (left + right - text_size(text, letters)[0]) / 2
        draw_tag(canvas, text, (middle, top), letters, person_colour(int(person)))
    return canvas
