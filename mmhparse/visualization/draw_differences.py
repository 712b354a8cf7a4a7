"""Where two predictions of one image differ."""

import numpy as np

from mmhparse.evaluation.functional import PeopleAgreement, PeopleMaps
from mmhparse.structures import PartSet

from .draw_parts import draw_parts
from .grids import faded

DIFFERENCES = PartSet(
    'differences', ('same', 'only_in_the_first', 'only_in_the_second', 'another_person', 'another_part'), swaps=()
)
"""Names and colours of what a pixel can be."""


def draw_differences(
    image: np.ndarray, first: PeopleMaps, second: PeopleMaps, agreement: PeopleAgreement
) -> np.ndarray:
    """Draws the pixels in which two predictions differ on the darkened image, in the colours of ``DIFFERENCES``.

    Args:
        image: (H, W, 3) uint8 RGB.
        first, second: Predicted people; of those who overlap, the later is on top.
        agreement: Result of :func:`mmhparse.evaluation.functional.people_agreement` for both.

    Raises:
        ValueError: If the maps have another size than the image.
    """
    return draw_parts(faded(image), difference_map(first, second, agreement), DIFFERENCES, alpha=0.85)


def difference_map(first: PeopleMaps, second: PeopleMaps, agreement: PeopleAgreement) -> np.ndarray:
    """(H, W) uint8 classes of ``DIFFERENCES``; the people of a pair are one person, all others differ."""
    (parts, persons), (other_parts, other_persons) = first.flattened(), second.flattened()  # (H, W) each
    partner = np.full(second.num_people + 1, -1)  # (G + 1,); number in the first prediction
    partner[agreement.pairs[:, 1]] = agreement.pairs[:, 0]
    shown, other_shown = (parts > 0) & (persons > 0), (other_parts > 0) & (other_persons > 0)
    names = DIFFERENCES.parts
    kinds = [
        (shown & ~other_shown, names.index('only_in_the_first')),
        (~shown & other_shown, names.index('only_in_the_second')),
        (shown & other_shown & (persons != partner[other_persons]), names.index('another_person')),
        (shown & other_shown & (parts != other_parts), names.index('another_part')),
    ]
    return np.select([where for where, _ in kinds], [kind for _, kind in kinds], 0).astype(np.uint8)
