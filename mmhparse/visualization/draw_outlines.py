"""Person maps as outlines."""

import cv2
import numpy as np

from mmhparse.structures import IGNORE

from .canvas import line_width, person_colour, start_drawing
from .draw_parts import check_label_map


def draw_outlines(image: np.ndarray, person_map: np.ndarray) -> np.ndarray:
    """Outlines each person's pixels, holes included, in the person's colour with a thin dark edge.

    Args:
        image: (H, W, 3) uint8 RGB.
        person_map: (H, W) integers; person id, 0 = nobody, 255 = ignore.

    Raises:
        ValueError: If the map has another size than the image or holds no integers.
    """
    canvas = start_drawing(image)
    check_label_map('person_map', person_map, canvas)
    width = line_width(canvas)
    for person in np.unique(person_map):
        if person in (0, IGNORE):
            continue
        mask = (person_map == person).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, contours, -1, (0, 0, 0), width + 1, cv2.LINE_AA)
        cv2.drawContours(canvas, contours, -1, person_colour(int(person)), width, cv2.LINE_AA)
    return canvas
