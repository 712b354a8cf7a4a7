"""ProjectedGradient: the relaxed matching, solved by projected gradient with Dykstra's cyclic projections."""

from dataclasses import dataclass

import torch

from .dykstra import project_relaxed_matching
from .problem import MatchingProblem
from .result import MatchingResult, violation

_CONVERGED = 1e-4
"""A plan that moves less than this in the last step, and violates its constraints by less, is taken as solved."""


@dataclass(frozen=True)
class ProjectedGradient:
    """Maximises <score, X> over {X >= 0, row sums <= 1, column sums <= 1} in a fixed number of differentiable steps.

    X_0 = 0 and X_{k+1} = Proj(X_k + step_size * score). The vertices of the feasible set are the matchings, so the
    optimum of the relaxation is one. ``steps * step_size`` acts as an inverse temperature: the larger, the closer the
    plan comes to a matching and the fainter its gradient. It follows Zhou et al., "Differentiable Multi-Granularity
    Human Representation Learning for Instance-Aware Human Semantic Parsing", CVPR 2021; the paper's numbers are not
    public, and these are ours.

    Args:
        steps: Gradient steps.
        step_size: Length of a step.
        cycles: Dykstra cycles in each projection.

    Raises:
        ValueError: If an option is not positive.
    """

    steps: int = 10
    step_size: float = 0.5
    cycles: int = 5

    def __post_init__(self):
        for name in ('steps', 'step_size', 'cycles'):
            if getattr(self, name) <= 0:
                raise ValueError(f'{name} must be positive, got {getattr(self, name)}.')

    def solve(self, problem: MatchingProblem) -> MatchingResult:
        """Solves in float32 at least; the plan is differentiable in the score (of the finite iteration)."""
        score = problem.masked_score
        score = score.float() if score.dtype in (torch.float16, torch.bfloat16) else score
        plan = before = torch.zeros_like(score)
        for _ in range(self.steps):
            before = plan
            plan = project_relaxed_matching(plan + self.step_size * score, self.cycles)
        with torch.no_grad():
            residual = violation(plan)
            moved = (plan - before).abs().flatten(1).sum(1)
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=residual,
            iterations=self.steps * self.cycles,
            converged=(moved < _CONVERGED) & (residual < _CONVERGED),
        )
