"""fenchel_young_losses: how much better a solver's plan is than the true matching, in the solver's own objective."""

from typing import Protocol

import torch
from torch import Tensor

from .problem import MatchingProblem
from .projected_gradient import ProjectedGradient
from .unbalanced_transport import UnbalancedTransport


class Regulariser(Protocol):
    """A regularised matching: the plan maximises <score, X> - Omega(X) over its feasible set."""

    def solve(self, problem: MatchingProblem) -> Tensor:
        """(B, N, M); the plan."""
        ...

    def penalty(self, plan: Tensor, problem: MatchingProblem) -> Tensor:
        """(B,); Omega of each plan (B, N, M)."""
        ...


class SquaredNorm:
    """``Omega(X) = gamma |X|^2 / 2`` over the relaxed matchings: the plan is their exact projection of score / gamma.

    Args:
        gamma: Scores this far above 0 make a certain link, where nothing competes.
    """

    def __init__(self, gamma: float = 0.4):
        self.gamma = gamma
        self.solver = ProjectedGradient(steps=1, step_size=1 / gamma, gradient='implicit')

    def solve(self, problem: MatchingProblem) -> Tensor:
        return self.solver.solve(problem).plan

    def penalty(self, plan: Tensor, problem: MatchingProblem) -> Tensor:
        return self.gamma / 2 * plan.square().sum((1, 2))


class DustbinEntropy:
    """Omega(X) = -epsilon H(X) over transport plans with a dustbin row and column, as of UnbalancedTransport.

    Args:
        epsilon: Weight of the entropy, in units of the score.
        sweeps: Sinkhorn sweeps, at most.
    """

    def __init__(self, epsilon: float = 0.1, sweeps: int = 100):
        self.epsilon = epsilon
        self.solver = UnbalancedTransport(epsilon, marginals='dustbin', gradient='implicit', sweeps=sweeps)

    def solve(self, problem: MatchingProblem) -> Tensor:
        return self.solver.solve(problem).plan

    def penalty(self, plan: Tensor, problem: MatchingProblem) -> Tensor:
        rows = torch.where(problem.row_mask, 1 - plan.sum(2), 0)  # (B, N), in the dustbin column
        columns = torch.where(problem.col_mask, 1 - plan.sum(1), 0)  # (B, M), in the dustbin row
        corner = plan.sum((1, 2))[:, None]  # (B, 1)
        masses = torch.cat([plan.flatten(1), rows, columns, corner], 1).clamp(min=0)  # (B, N * M + N + M + 1)
        return self.epsilon * (torch.xlogy(masses, masses) - masses).sum(1)


def fenchel_young_losses(problem: MatchingProblem, plan: Tensor, truth: Tensor, regulariser: Regulariser) -> Tensor:
    """The Fenchel-Young loss of each problem.

        loss = (<score, X> - Omega(X)) - (<score, T> - Omega(T)) >= 0,    X the plan

    It is convex in the score, and its gradient is X - T: not 0 unless the plan is the true one, however certain a wrong
    plan is, and never greater than 1 an entry. After Blondel, Martins and Niculae, "Learning with Fenchel-Young
    losses", JMLR 2020; for the entropy it is a negative log-likelihood.

    Args:
        problem: B problems.
        plan: (B, N, M); the regulariser's plan for the problem. No gradient passes through it: that of the objective
            by the plan vanishes at its maximum.
        truth: (B, N, M) bool; the true matchings.
        regulariser: Omega, and who maximises.

    Returns:
        (B,); differentiable in the score.
    """
    plan = plan.detach()
    target = (truth & problem.mask).to(plan)  # (B, N, M)
    penalty = regulariser.penalty(plan, problem) - regulariser.penalty(target, problem)  # (B,)
    return (problem.masked_score.to(plan) * (plan - target)).sum((1, 2)) - penalty  # (B,)
