"""Large sparse problems fall into small ones: rows and columns that no worthwhile link connects do not compete.

An example: of three rows and three columns, row 0 is worth linking with column 0 alone, and rows 1 and 2 with columns 1
and 2. The 3 x 3 problem falls into one of 1 x 1 and one of 2 x 2, whose plans, put in their places, are its plan.
"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

_SMALLEST = 4
"""Components are padded to powers of 2 from this one on."""


def solve_components(score: Tensor, solve: Callable[[Tensor], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """What ``solve(score)`` computes, from the connected components of the links with a score above 0.

    Args:
        score: (B, N, M) on the CPU.
        solve: From scores (b, n, m) to plans (b, n, m) and changes (b,). It makes no link with a score of 0 or less,
            and what it does in one component does not depend on the others.

    Returns:
        Plans (B, N, M), and the summed changes of each problem's components (B,).
    """
    number, rows, columns = score.shape
    plan, change = torch.zeros_like(score), score.new_zeros(number)
    problem, row, column = (index.numpy() for index in torch.nonzero(score > 0, as_tuple=True))  # (Q,) each
    if not len(problem):
        return plan, change
    ends = problem * rows + row, problem * columns + column  # of all problems' rows and columns
    # columns are numbered after all rows
    links = coo_matrix(
        (np.ones(len(row), np.int8), (ends[0], number * rows + ends[1])), shape=2 * [number * (rows + columns)]
    )
    label = connected_components(links, directed=False)[1]
    component = label[ends[0]]  # (Q,)
    places = [_places(label[offset : offset + length], used) for offset, length, used in (
        (0, number * rows, ends[0]), (number * rows, number * columns, ends[1]),
    )]  # fmt: skip
    place = [places[side][ends[side]] for side in (0, 1)]  # (Q,) each: the row and column in the component
    sides = np.zeros(component.max() + 1, np.int64)
    for side in place:
        np.maximum.at(sides, component, side + 1)
    padded = np.maximum(_SMALLEST, 1 << np.ceil(np.log2(np.maximum(sides, 1))).astype(np.int64))
    for size in np.unique(padded[component]):
        own = np.flatnonzero(padded[component] == size)  # (q,) links
        members, index = np.unique(component[own], return_inverse=True)  # components, and that of each link
        small = score.new_zeros(len(members), int(size), int(size))
        where = torch.from_numpy(index), torch.from_numpy(place[0][own]), torch.from_numpy(place[1][own])
        whole = torch.from_numpy(problem[own]), torch.from_numpy(row[own]), torch.from_numpy(column[own])
        small[where] = score[whole]
        plans, changes = solve(small)
        plan[whole] = plans[where]
        problems = np.zeros(len(members), np.int64)
        problems[index] = problem[own]
        change.index_add_(0, torch.from_numpy(problems), changes)
    return plan, change


def _places(label: np.ndarray, used: np.ndarray) -> np.ndarray:
    """(n,) the place of each used node among the used nodes of its component; 0 for others.

    Args:
        label: (n,) component of each node.
        used: (Q,) nodes with links, with repetitions.
    """
    nodes = np.unique(used)
    nodes = nodes[np.argsort(label[nodes], kind='stable')]
    labels = label[nodes]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    lengths = np.diff(np.r_[starts, len(nodes)])
    places = np.zeros(len(label), np.int64)
    places[nodes] = np.arange(len(nodes)) - np.repeat(starts, lengths)
    return places
