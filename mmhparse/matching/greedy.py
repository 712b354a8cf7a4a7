"""Greedy: the best link first, as bottom-up pose estimation has always grouped joints."""

from dataclasses import dataclass

import torch

from .problem import MatchingProblem
from .result import MatchingResult


@dataclass(frozen=True)
class Greedy:
    """Makes the link of highest score, drops its row and column, and goes on; the plan is 0 or 1 without a gradient.

    The baseline that exact matching is compared with (Cao et al., "Realtime multi-person 2D pose estimation using part
    affinity fields", CVPR 2017). It gains at least half of the optimum.
    """

    @torch.no_grad()
    def solve(self, problem: MatchingProblem) -> MatchingResult:
        left = problem.masked_score.clamp(min=0)
        batch, rows, columns = left.shape
        plan = torch.zeros_like(left)
        problems = torch.arange(batch, device=left.device)
        rounds = min(rows, columns) if left.numel() else 0
        for _ in range(rounds):
            score, index = left.flatten(1).max(1)
            row, column = index // columns, index % columns
            plan[problems, row, column] += (score > 0).to(plan.dtype)
            left[problems, row] = 0
            left[problems, :, column] = 0
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=plan.new_zeros(batch),
            iterations=rounds,
            converged=torch.ones(batch, dtype=torch.bool, device=plan.device),
        )
