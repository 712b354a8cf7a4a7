"""ProjectedGradient: the relaxed matching, solved by projected gradient with Dykstra's or exact projections."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmhparse.ops import Backend, choose_backend, projected_gradient

from .components import solve_components
from .dykstra import project_relaxed_matching
from .exact_projection import project_exactly
from .options import Gradient, check_choice, check_count, check_positive
from .problem import MatchingProblem
from .result import MatchingResult, violation

_CONVERGED = 1e-4
"""A problem has converged if its last step changed the plan, and the plan violates its constraints, by less."""


_LARGE = 64
"""Rows and columns from which on a sparse problem without a gradient is solved by its connected components."""

_SPARSE = 1 / 8
"""Greatest share of scores above 0 in a sparse problem. To find the components of more links takes longer than to solve
them as one."""


@dataclass(frozen=True)
class ProjectedGradient:
    """Maximises <score, X> over {X >= 0, row sums <= 1, column sums <= 1} in a fixed number of differentiable steps.

    X_0 = 0 and X_{k+1} = Proj(X_k + step_size * score). The vertices of the feasible set are the matchings, so the
    optimum of the relaxation is one of them. ``steps * step_size`` acts as an inverse temperature: the larger, the
    closer the plan comes to a matching and the smaller its gradient. After Zhou et al., "Differentiable
    Multi-Granularity Human Representation Learning for Instance-Aware Human Semantic Parsing", CVPR 2021; the paper's
    numbers are not public, and the defaults are our choice.

    The plan is differentiable in the score, and the map that is differentiated is the one that was computed:

    - ``gradient='unrolled'``: each projection is a fixed number of Dykstra's cycles, as in the paper, and leaves a
      small violation; the gradient is that of this finite iteration.
    - ``gradient='implicit'``: each projection is exact, and the gradient is that of the exact projections, through the
      entries that stayed positive and the sums that were capped. It is computed in float64.

    Both maps are piecewise smooth; on the border between two pieces, the gradient is that of one of them.

    Args:
        steps: Gradient steps.
        step_size: Length of a step.
        cycles: Dykstra cycles in each projection; exact projections have none.
        gradient: Which map is computed and differentiated.
        backend: ``'compiled'``, ``'reference'`` (PyTorch), or ``'auto'``: the compiled op where it was built. Both
            return the same numbers.

    Raises:
        ValueError: If an option is not positive or not one of the choices.
    """

    steps: int = 10
    step_size: float = 0.5
    cycles: int = 5
    gradient: Gradient = 'unrolled'
    backend: Backend = 'auto'

    def __post_init__(self):
        check_count(self, 'steps', 'cycles')
        check_positive(self, 'step_size')
        check_choice(self, gradient=Gradient, backend=Backend)

    def solve(self, problem: MatchingProblem) -> MatchingResult:
        """Solves in float32 at least.

        Raises:
            ImportError: If the compiled backend was asked for and was not built for the device of the score.
        """
        score = problem.masked_score
        score = score.float() if score.dtype in (torch.float16, torch.bfloat16) else score
        wants_gradient = torch.is_grad_enabled() and score.requires_grad
        if score.device.type == 'cpu' and not wants_gradient and _falls_apart(score):
            plan, change = solve_components(score.detach(), self._run)
        else:
            plan, change = self._run(score)
        with torch.no_grad():
            residual = violation(plan)
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=residual,
            iterations=self.steps * (self.cycles if self.gradient == 'unrolled' else 1),
            converged=(change < _CONVERGED) & (residual < _CONVERGED),
        )

    def _run(self, score: Tensor) -> tuple[Tensor, Tensor]:
        """The plans (B, N, M), and the sum of absolute changes of each in the last step (B,)."""
        if choose_backend(self.backend, score.device) == 'compiled':
            exact = self.gradient == 'implicit'
            return projected_gradient(score, self.steps, self.step_size, 0 if exact else self.cycles)
        return self._iterate(score)

    def _iterate(self, score: Tensor) -> tuple[Tensor, Tensor]:
        """The reference: the plans (B, N, M), and the sum of absolute changes of each in the last step (B,)."""
        exact = self.gradient == 'implicit'
        gradient_step = self.step_size * score  # (B, N, M)
        gradient_step = gradient_step.double() if exact else gradient_step
        plan = before = torch.zeros_like(gradient_step)
        for _ in range(self.steps):
            before = plan
            plan = plan + gradient_step
            plan = project_exactly(plan) if exact else project_relaxed_matching(plan, self.cycles)
        change = (plan - before).detach().abs().flatten(1).sum(1)  # (B,)
        return plan.to(score.dtype), change.to(score.dtype)


def _falls_apart(score: Tensor) -> bool:
    """Whether problems (B, N, M) are so large and sparse that it pays to solve their components one by one."""
    return min(score.shape[1:]) >= _LARGE and int((score > 0).sum()) <= _SPARSE * score.numel()
