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
    some = links[worthwhile].cpu().numpy()  # (E', 3)
    if not _compete(some, size):
        return worthwhile
    values = gain[worthwhile].cpu().double().numpy()  # (E',)
    parts = link_components(some, size)
    stars = (np.minimum(parts.rows, parts.columns) == 1)[parts.of_link]  # (E',)
    made = _best_of_stars(np.flatnonzero(stars), values, parts), _best_of_tables(np.flatnonzero(~stars), values, parts)
    return worthwhile[torch.from_numpy(np.sort(np.concatenate(made))).to(worthwhile.device)]


def _compete(links: np.ndarray, size: tuple[int, int, int]) -> bool:
    """Whether two of the links (E, 3) share a row or a column; those of a plan do not."""
    problem, row, column = links.T
    _, rows, columns = size
    return any(len(np.unique(end)) < len(links) for end in (problem * rows + row, problem * columns + column))


def _best_of_stars(own: np.ndarray, gain: np.ndarray, parts: Components) -> np.ndarray:
    """The best of the links ``own`` in each of their components, of equal ones the first."""
    order = own[np.lexsort((-gain[own], parts.of_link[own]))]
    labels = parts.of_link[order]
    return order[np.flatnonzero(np.diff(labels, prepend=-1))]


def _best_of_tables(own: np.ndarray, gain: np.ndarray, parts: Components) -> np.ndarray:
    """The best one-to-one links of each of the components of the links ``own``, all of them of these components."""
    members, index = np.unique(parts.of_link[own], return_inverse=True)  # (S,) components, and that of each link
    rows, columns = parts.rows[members], parts.columns[members]  # (S,) each
    begins = np.cumsum(rows * columns) - rows * columns  # (S,) where each component's table begins
    entry = begins[index] + parts.row[own] * columns[index] + parts.column[own]
    tables, number = np.zeros((rows * columns).sum()), np.full((rows * columns).sum(), -1)
    tables[entry], number[entry] = gain[own], own  # of each entry of all tables, its gain and which link it is
    chosen = [np.zeros(0, np.int64)]
    for begin, height, width in zip(begins.tolist(), rows.tolist(), columns.tolist(), strict=True):
        table = tables[begin : begin + height * width].reshape(height, width)
        row, column = linear_sum_assignment(table, maximize=True)
        chosen.append(begin + row * width + column)
    found = number[np.concatenate(chosen)]
    return found[found >= 0]
