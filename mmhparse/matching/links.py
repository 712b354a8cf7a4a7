"""LinkProblem: weighted bipartite graphs as lists of links, for crowds in which most pairs cannot be linked."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .assignment import best_links
from .hungarian import Hungarian
from .problem import MatchingProblem
from .solve import Solver, solve

_NEVER = -1e4
"""Score of a pair that is not listed, for solvers that need the score of every pair."""


@dataclass(frozen=True, eq=False)
class LinkProblem:
    """B maximum-weight bipartite matching problems, as the list of the links that can be made.

    A :class:`MatchingProblem` in which the pairs that are not listed cannot be linked; memory grows with the links.

    Attributes:
        links: (E, 3) long; problem, row and column, no link twice.
        score: (E,) float; gain of each link, finite.
        size: (B, N, M); problems, rows and columns.

    Raises:
        ValueError: If the shapes disagree or a score is not finite.
    """

    links: Tensor
    score: Tensor
    size: tuple[int, int, int]

    def __post_init__(self):
        if self.links.shape != (*self.score.shape, 3):
            found = f'{tuple(self.links.shape)} and {tuple(self.score.shape)}'
            raise ValueError(f'expected links (E, 3) and score (E,), got {found}.')
        if not torch.isfinite(self.score).all():
            raise ValueError('score holds NaN or infinity.')

    def table(self) -> MatchingProblem:
        """The same problem with a score for each pair; rows and columns without links are masked out."""
        problem, row, column = self.links.T
        number, rows, columns = self.size
        score = self.score.new_full(self.size, _NEVER)
        score[problem, row, column] = self.score
        row_mask, col_mask = (score.new_zeros(number, length, dtype=torch.bool) for length in (rows, columns))
        row_mask[problem, row], col_mask[problem, column] = True, True
        return MatchingProblem(score, row_mask, col_mask)


def solve_links(problem: LinkProblem, solver: Solver) -> Tensor:
    """(E,) in [0, 1]; the plan of a solver for each listed link, without a gradient.

    The exact matching is found from the list. Other solvers get the table of all pairs.
    """
    with torch.no_grad():
        if isinstance(solver, Hungarian):
            plan = torch.zeros_like(problem.score)
            plan[best_links(problem.links, problem.score, problem.size)] = 1
            return plan
        return solve(problem.table(), solver).plan[tuple(problem.links.T)]


def made_links(problem: LinkProblem, plan: Tensor) -> Tensor:
    """(Q,) long; which links are made by a plan (E,), ascending: as :meth:`MatchingResult.pairs` chooses them."""
    return best_links(problem.links, torch.where(problem.score > 0, plan, 0), problem.size)
