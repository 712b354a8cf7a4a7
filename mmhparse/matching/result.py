"""MatchingResult: a plan, with its own diagnosis and its hard read-out."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .problem import MatchingProblem


@dataclass(frozen=True, eq=False)
class MatchingResult:
    """What a solver answers to a :class:`MatchingProblem`.

    Attributes:
        problem: The problem that was solved.
        plan: (B, N, M) in [0, 1]; how far row n is linked to column m, 0 at padding. Differentiable in the score,
            unless the solver says otherwise.
        residual: (B,); how far the plan violates its constraints: the largest of row sum - 1, column sum - 1 and
            -plan, at least 0.
        iterations: How many sweeps over the plan were made.
        converged: (B,) bool; whether more iterations would leave the plan as it is.
    """

    problem: MatchingProblem
    plan: Tensor
    residual: Tensor
    iterations: int
    converged: Tensor

    @torch.no_grad()
    def pairs(self) -> Tensor:
        """The hard links: (Q, 3) long; problem, row, column, ordered so. One-to-one in every problem.

        The exact assignment that keeps most of the plan, among the links that have a share in it and a score above 0.
        """
        worth = (self.plan > 0) & (self.problem.masked_score > 0)
        return assign(torch.where(worth, self.plan, torch.zeros_like(self.plan)))


def violation(plan: Tensor) -> Tensor:
    """(B,); the largest of row sum - 1, column sum - 1 and -entry of each plan (B, N, M), at least 0."""
    if plan.numel() == 0:
        return plan.new_zeros(len(plan))
    excess = torch.maximum(plan.sum(2).amax(1), plan.sum(1).amax(1)) - 1
    return torch.maximum(excess, -plan.amin((1, 2))).clamp(min=0).abs()  # not -0


def assign(gain: Tensor) -> Tensor:
    """Exact one-to-one assignment of most gain; links without gain are not made.

    Args:
        gain: (B, N, M); only entries above 0 can be linked.

    Returns:
        (Q, 3) long on the device of ``gain``: problem, row, column.
    """
    # gains below 0 must not take part in the optimum: a row may as well stay free
    table = gain.detach().clamp(min=0).cpu().double().numpy()
    links = [np.zeros((0, 3), dtype=np.int64)]
    for index in np.flatnonzero(table.any(axis=(1, 2))):
        rows, columns = linear_sum_assignment(table[index], maximize=True)
        made = table[index, rows, columns] > 0
        links.append(np.stack([np.full(made.sum(), index), rows[made], columns[made]], axis=1))
    return torch.from_numpy(np.concatenate(links)).to(gain.device)
