"""MatchingResult: a plan, its diagnosis and its hard matching."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .problem import MatchingProblem

_LARGE = 64 * 64
"""Entries of a problem from which on links without rivals are made beforehand."""


@dataclass(frozen=True, eq=False)
class MatchingResult:
    """The answer of a solver to a :class:`MatchingProblem`.

    Attributes:
        problem: The problem that was solved.
        plan: (B, N, M) in [0, 1]; how far row n is linked to column m, 0 at padding. Differentiable in the score,
            unless the solver says otherwise.
        residual: (B,); how far the plan violates its constraints: the largest of row sum - 1, column sum - 1 and
            -plan, at least 0.
        iterations: How many iterations were run.
        converged: (B,) bool; whether further iterations would leave the plan unchanged.
    """

    problem: MatchingProblem
    plan: Tensor
    residual: Tensor
    iterations: int
    converged: Tensor

    @torch.no_grad()
    def pairs(self) -> Tensor:
        """The hard links (Q, 3) long: problem, row, column, in this order. One-to-one in every problem.

        They are the exact assignment of the greatest sum of plan entries, among links with a score above 0.
        """
        worthwhile = (self.plan > 0) & (self.problem.masked_score > 0)
        return assign(torch.where(worthwhile, self.plan, torch.zeros_like(self.plan)))


def violation(plan: Tensor) -> Tensor:
    """(B,); the largest of row sum - 1, column sum - 1 and -entry of each plan (B, N, M), at least 0."""
    if plan.numel() == 0:
        return plan.new_zeros(len(plan))
    excess = torch.maximum(plan.sum(2).amax(1), plan.sum(1).amax(1)) - 1  # (B,)
    return torch.maximum(excess, -plan.amin((1, 2))).clamp(min=0).abs()  # not -0


def assign(gain: Tensor) -> Tensor:
    """Exact one-to-one assignment of the greatest total gain; only links with a gain above 0 are made.

    Args:
        gain: (B, N, M).

    Returns:
        (Q, 3) long on the device of ``gain``: problem, row, column.
    """
    # a gain below 0 must not influence the optimum: the row may as well stay unmatched
    table = gain.detach().clamp(min=0).cpu().double().numpy()  # (B, N, M)
    links = [np.zeros((0, 3), dtype=np.int64)]
    for index in np.flatnonzero(table.any(axis=(1, 2))):
        rows, columns = _best_links(table[index])
        links.append(np.stack([np.full(len(rows), index), rows, columns], axis=1))  # (links, 3)
    return torch.from_numpy(np.concatenate(links)).to(gain.device)


def _best_links(gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the best links of one problem (N, M), by row; gains are at least 0."""
    if gain.size < _LARGE:
        rows, columns = linear_sum_assignment(gain, maximize=True)
        linked = gain[rows, columns] > 0
        return rows[linked], columns[linked]
    row, column = np.nonzero(gain)  # (Q,) each
    # a link that is the only one of its row and of its column competes with none: in large problems, most are
    alone = (np.bincount(row, minlength=len(gain))[row] == 1) & (
        np.bincount(column, minlength=gain.shape[1])[column] == 1
    )
    rows, columns = np.unique(row[~alone]), np.unique(column[~alone])
    table = gain[np.ix_(rows, columns)]
    some, other = linear_sum_assignment(table, maximize=True)
    linked = table[some, other] > 0
    rows, columns = np.r_[row[alone], rows[some[linked]]], np.r_[column[alone], columns[other[linked]]]
    order = np.argsort(rows)
    return rows[order], columns[order]
