"""People and regions without a head that touch somebody who has one are pieces of others.

Where a limb is not linked, one person becomes two, and one of them has no head. Almost everybody who is seen has a
head; who has none is hidden behind somebody or cut off by the border, and is seldom told from a piece.
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from .person_grid import PersonGrid

_LEAST_CELLS = 8
"""So many cells show a head; fewer may be the rim of a neighbour's."""
_STEPS = (0, 1), (1, 0), (1, 1), (1, -1)
"""Rows and columns to four of the eight cells around a cell; seen from these, it is one of the other four."""


def headless_pieces(persons: PersonGrid, head_labels: Sequence[int], num_people: int) -> np.ndarray:
    """(P,) bool; whether a person has no head and touches, by an edge or a corner of a cell, somebody who has one.

    Args:
        persons: Parts and persons of the cells.
        head_labels: Part classes of the head.
        num_people: P.
    """
    owner = np.where(persons.part > 0, persons.person, 0)  # (h, w)
    head = owner[np.isin(persons.part, head_labels)]  # (S,)
    headed = np.bincount(head, minlength=num_people + 1) >= _LEAST_CELLS  # (P + 1,)
    headed[0] = False  # nobody
    touches = np.zeros(num_people + 1, bool)
    for step in _STEPS:
        for one, other in permutations(_contacts(owner, *step)):
            touches[one[headed[other]]] = True
    return (touches & ~headed)[1:]


def _contacts(owner: np.ndarray, down: int, right: int) -> tuple[np.ndarray, np.ndarray]:
    """(S,) owners of the cells whose neighbour at a step has another owner, and (S,) of that neighbour."""
    height, width = owner.shape
    cell = owner[: height - down, max(0, -right) : width - max(0, right)]
    neighbour = owner[down:, max(0, right) : width - max(0, -right)]
    differ = cell != neighbour
    return cell[differ], neighbour[differ]
