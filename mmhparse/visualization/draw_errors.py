"""Truth, prediction and errors, side by side."""

import cv2
import numpy as np

from mmhparse.evaluation.error_analysis import ERROR_KINDS, ImageErrors
from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.structures import PartSet, get_part_set

from .canvas import Colour, start_drawing
from .draw_outlines import draw_outlines
from .draw_parts import draw_parts
from .grids import faded
from .layout import add_part_legend, side_by_side

_KINDS = PartSet('errors', ('right', *ERROR_KINDS), swaps=())

ERROR_COLOURS: tuple[Colour, ...] = _KINDS.palette[1:]
"""RGB of the kinds of error, in the order of ``ERROR_KINDS``."""


def draw_errors(
    image: np.ndarray,
    predicted: PeopleMaps,
    truth: PeopleMaps,
    errors: ImageErrors,
    part_set: str | PartSet,
    least_height: int = 360,
) -> np.ndarray:
    """Draws the parts of truth and prediction, and each wrong pixel in the colour of its kind of error.

    A predicted person has the outline colour of the true person that it is paired with.

    Args:
        image: (H, W, 3) uint8 RGB.
        predicted: Predicted people; of those who overlap, the later is on top.
        truth: True people, likewise.
        errors: Result of :func:`mmhparse.evaluation.error_analysis.find_errors` for both.
        part_set: Name of a part set, or one.
        least_height: Lower images are enlarged by a whole factor.

    Raises:
        ValueError: If the maps have another size than the image.
    """
    factor = max(1, -(-least_height // image.shape[0]))
    canvas = cv2.resize(start_drawing(image), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    unpaired = truth.num_people + 1 + np.arange(predicted.num_people)  # (P,)
    ids = np.append(0, np.where(errors.partner >= 0, errors.partner + 1, unpaired))  # (P + 1,)
    part_set = get_part_set(part_set)
    shown = [_draw_people(canvas, *truth.flattened(), part_set, factor)]
    part_map, person_map = predicted.flattened()
    shown.append(_draw_people(canvas, part_map, ids[person_map], part_set, factor))
    wrong = draw_parts(faded(canvas), _enlarged(errors.error_map(), factor), _KINDS, alpha=0.85)
    shown.append(add_part_legend(wrong, _KINDS))
    return add_part_legend(side_by_side(shown, ['truth', 'prediction', 'errors']), part_set)


def _draw_people(
    canvas: np.ndarray, part_map: np.ndarray, person_map: np.ndarray, part_set: PartSet, factor: int
) -> np.ndarray:
    return draw_outlines(draw_parts(canvas, _enlarged(part_map, factor), part_set), _enlarged(person_map, factor))


def _enlarged(label_map: np.ndarray, factor: int) -> np.ndarray:
    """(factor * H, factor * W); each label of an (H, W) map as a square of pixels."""
    return label_map.repeat(factor, 0).repeat(factor, 1)
