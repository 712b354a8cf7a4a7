"""The exact assignment among listed links, component by component.

Links that share no row and no column, not even by way of others, do not compete. In a component with one row or one
column only, the best link is made; in the few others, scipy solves a table as small as the component.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .components import Components, link_components


def best_links(links: Tensor, gain: Tensor, size: tuple[int, int, int]) -> Tensor:
    """The one-to-one links of the greatest total gain, among those with a gain above 0.

    Time and memory grow with the links, and not with the pairs of rows and columns.

    Args:
        links: (E, 3) long; problem, row and column, no link twice.
        gain: (E,) float.
        size: (B, N, M) of the problems.

    Returns:
        (Q,) long; the rows of ``links`` that are made, ascending.
    """
    # a gain below 0 must not influence the optimum: the row may as well stay unmatched
    worthwhile = torch.nonzero(gain > 0)[:, 0]  # (E',)
    if not len(worthwhile):
        return worthwhile
    values = gain[worthwhile].cpu().double().numpy()  # (E',)
    parts = link_components(links[worthwhile].cpu().numpy(), size)
    stars = (np.minimum(parts.rows, parts.columns) == 1)[parts.of_link]  # (E',)
    made = [
        _best_of_stars(np.flatnonzero(stars), values, parts),
        *_best_of_tables(np.flatnonzero(~stars), values, parts),
    ]
    return worthwhile[torch.from_numpy(np.sort(np.concatenate(made))).to(worthwhile.device)]


def _best_of_stars(own: np.ndarray, gain: np.ndarray, parts: Components) -> np.ndarray:
    """The best of the links ``own`` in each of their components, of equal ones the first."""
    order = own[np.lexsort((-gain[own], parts.of_link[own]))]
    labels = parts.of_link[order]
    return order[np.flatnonzero(np.diff(labels, prepend=-1))]


def _best_of_tables(own: np.ndarray, gain: np.ndarray, parts: Components) -> list[np.ndarray]:
    """The best one-to-one links of each of the components of the links ``own``."""
    if not len(own):
        return []
    order = own[np.argsort(parts.of_link[own], kind='stable')]
    made = []
    for some in np.split(order, np.flatnonzero(np.diff(parts.of_link[order])) + 1):
        component, row, column = parts.of_link[some[0]], parts.row[some], parts.column[some]
        table = np.zeros((parts.rows[component], parts.columns[component]))
        number = np.full(table.shape, -1)  # which link an entry is
        table[row, column], number[row, column] = gain[some], some
        found = number[linear_sum_assignment(table, maximize=True)]
        made.append(found[found >= 0])
    return made
