"""MatchingResult: a plan, its diagnosis and its hard matching."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .assignment import best_links
from .problem import MatchingProblem


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
    gain = gain.detach()
    links = torch.nonzero(gain > 0)  # (E, 3)
    made = best_links(links, gain[tuple(links.T)], (gain.shape[0], gain.shape[1], gain.shape[2]))  # (Q,)
    return links[made]
