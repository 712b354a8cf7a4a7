"""Hungarian: the exact matching."""

from dataclasses import dataclass

import torch

from .problem import MatchingProblem
from .result import MatchingResult, assign


@dataclass(frozen=True)
class Hungarian:
    """Exact maximum-weight matching by scipy's ``linear_sum_assignment``; the plan is 0 or 1 and has no gradient."""

    def solve(self, problem: MatchingProblem) -> MatchingResult:
        links = assign(problem.masked_score)  # (Q, 3)
        plan = torch.zeros_like(problem.score, requires_grad=False)
        plan[tuple(links.T)] = 1
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=plan.new_zeros(len(problem)),
            iterations=1,
            converged=torch.ones(len(problem), dtype=torch.bool, device=plan.device),
        )
