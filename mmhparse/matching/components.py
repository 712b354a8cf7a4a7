"""Large sparse problems fall into small ones: rows and columns that no worthwhile link connects do not compete.

An example: of three rows and three columns, row 0 is worth linking with column 0 alone, and rows 1 and 2 with columns 1
and 2. The 3 x 3 problem falls into one of 1 x 1 and one of 2 x 2, whose plans, put in their places, are its plan.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

_SMALLEST = 4
"""Components are padded to powers of 2 from this one on."""


@dataclass(frozen=True, eq=False)
class Components:
    """The S connected components of E links.

    Attributes:
        of_link: (E,) int; component of each link, 0 to S - 1.
        row, column: (E,) int64; which of its component's rows and columns a link joins, from 0.
        rows, columns: (S,) int64; how many rows and columns each component has.
    """

    of_link: np.ndarray
    row: np.ndarray
    column: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def link_components(links: np.ndarray, size: tuple[int, int, int]) -> Components:
    """The components of links (E, 3) int64, problem, row and column, in problems of size (B, N, M)."""
    number, rows, columns = size
    problem, row, column = links.T
    # all problems' rows are numbered first, and then all their columns
    ends = problem * rows + row, number * rows + problem * columns + column  # (E,) each
    nodes, index = np.unique(np.concatenate(ends), return_inverse=True)  # the rows and columns with links
    first, second = index.reshape(2, -1)  # (E,) each
    graph = coo_matrix((np.ones(len(links), np.int8), (first, second)), shape=2 * [len(nodes)])
    count, label = connected_components(graph, directed=False)
    split = int(np.searchsorted(nodes, number * rows))  # how many of the nodes are rows
    (row_place, row_counts), (column_place, column_counts) = (
        _places(part, count) for part in (label[:split], label[split:])
    )
    return Components(label[first], row_place[first], column_place[second - split], row_counts, column_counts)


def solve_components(score: Tensor, solve: Callable[[Tensor], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """What ``solve(score)`` computes, from the connected components of the links with a score above 0.

    Args:
        score: (B, N, M) on the CPU.
        solve: From scores (b, n, m) to plans (b, n, m) and changes (b,). It makes no link with a score of 0 or less,
            and what it does in one component does not depend on the others.

    Returns:
        Plans (B, N, M), and the summed changes of each problem's components (B,).
    """
    plan, change = torch.zeros_like(score), score.new_zeros(len(score))
    links = torch.nonzero(score > 0)  # (E, 3)
    if not len(links):
        return plan, change
    parts = link_components(links.numpy(), (score.shape[0], score.shape[1], score.shape[2]))
    sides = np.maximum(parts.rows, parts.columns)  # (S,)
    padded = np.maximum(_SMALLEST, 1 << np.ceil(np.log2(sides)).astype(np.int64))[parts.of_link]  # (E,)
    for side in np.unique(padded):
        own = np.flatnonzero(padded == side)  # (e,) links
        members, index = np.unique(parts.of_link[own], return_inverse=True)  # components, and that of each link
        small = score.new_zeros(len(members), int(side), int(side))
        where = torch.from_numpy(index), torch.from_numpy(parts.row[own]), torch.from_numpy(parts.column[own])
        whole = tuple(links[own].T)
        small[where] = score[whole]
        plans, changes = solve(small)
        plan[whole] = plans[where]
        problems = torch.zeros(len(members), dtype=torch.long, device=change.device)
        problems[where[0]] = whole[0]
        change.index_add_(0, problems, changes)
    return plan, change


def _places(label: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) place of each node among those of its component, and (S,) how many nodes each of S components has."""
    counts = np.bincount(label, minlength=count)
    order = np.argsort(label, kind='stable')
    places = np.empty(len(label), np.int64)
    places[order] = np.arange(len(label)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, counts
