"""Greedy: the best link first, as bottom-up pose estimation usually groups joints."""

from dataclasses import dataclass

import torch

from .problem import MatchingProblem
from .result import MatchingResult


@dataclass(frozen=True)
class Greedy:
    """Repeatedly makes the link of highest score and removes its row and column; the plan is 0 or 1, without gradient.

    The baseline for exact matching (Cao et al., "Realtime multi-person 2D pose estimation using part affinity fields",
    CVPR 2017). Its total score is at least half of the optimum.
    """

    @torch.no_grad()
    def solve(self, problem: MatchingProblem) -> MatchingResult:
        remaining = problem.masked_score.clamp(min=0)  # (B, N, M)
        batch, rows, columns = remaining.shape
        plan = torch.zeros_like(remaining)
        problems = torch.arange(batch, device=remaining.device)
        rounds = min(rows, columns) if remaining.numel() else 0
        for _ in range(rounds):
            score, index = remaining.flatten(1).max(1)  # (B,)
            row, column = index // columns, index % columns
            plan[problems, row, column] += (score > 0).to(plan.dtype)
            remaining[problems, row] = 0
            remaining[problems, :, column] = 0
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=plan.new_zeros(batch),
            iterations=rounds,
            converged=torch.ones(batch, dtype=torch.bool, device=plan.device),
        )
