"""Each cell goes to the person that most cells around it have.

Where two people touch, a cell whose vector is a few pixels off lands nearer to a joint of the other one, and a person
gets specks in its neighbour. The cells around it, which show the same part, outvote it.
"""

import cv2
import numpy as np
from scipy import ndimage

from .person_grid import PersonGrid

_SIDES = 3, 25
"""Least and greatest side of a person's window, in cells."""


def voted_persons(persons: PersonGrid, window: float) -> np.ndarray:
    """(h, w) int32; person of each cell after one vote of all cells at once.

    The vote for a person in a cell is the person's share of the cells of the same part in a square window around the
    cell. The window grows with the person, so that a small person keeps its cells beside a large one. Of equal votes
    the one for the cell's own person counts, and then that for the lowest id. Cells without a part do not take part.

    Args:
        persons: Parts and persons of the cells.
        window: Side of a person's window, as a share of the root of its number of cells; from 3 to 25 cells.
    """
    owner = np.where(persons.part > 0, persons.person, 0)  # (h, w)
    highest = np.zeros(owner.shape, np.float32)  # vote for the person that a cell has
    result = persons.person.copy()
    margin = _SIDES[1] // 2
    for person, place in enumerate(ndimage.find_objects(owner), start=1):
        if place is None:
            continue
        # a person gets votes only within half a window of its cells
        around = tuple(slice(max(0, side.start - margin), side.stop + margin) for side in place)
        own, part, best = owner[around] == person, persons.part[around], highest[around]
        vote = _share_of_part(own, part, _side(own, window))
        better = vote > best
        # own votes win when they are equal; ids ascend, so that otherwise the lowest keeps the cell
        better |= (vote == best) & own & (vote > 0)
        best[better] = vote[better]
        result[around][better] = person
    return result


def _side(own: np.ndarray, window: float) -> int:
    """Side of the window of a person with these cells; odd, so that it has a middle."""
    side = np.clip(window * np.sqrt(own.sum()), *_SIDES)
    return int(side) // 2 * 2 + 1


def _share_of_part(own: np.ndarray, part: np.ndarray, side: int) -> np.ndarray:
    """(h, w) float32 in [0, 1]; share of own cells among those of the same part in the window; 0 in the background."""
    share = np.zeros(own.shape, np.float32)
    for label in np.unique(part[own]):
        same = part == label
        ours, all_cells = (_count(cells, side)[same] for cells in (own & same, same))  # (S,) each
        share[same] = ours / all_cells
    return share


def _count(cells: np.ndarray, side: int) -> np.ndarray:
    """(h, w) float32; number of marked cells in the window around each cell; there are none beyond the border."""
    marked = cells.astype(np.float32)
    return cv2.boxFilter(marked, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
