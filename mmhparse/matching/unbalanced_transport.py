"""UnbalancedTransport: matching as entropic optimal transport, in which rows and columns may stay unmatched."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from .implicit_plan import ImplicitPlan
from .options import Gradient, check_choice, check_count, check_positive
from .problem import MatchingProblem
from .result import MatchingResult, violation
from .sinkhorn import FORBIDDEN, TransportProblem, sinkhorn

Marginals = Literal['relaxed', 'dustbin']

_CONVERGED = 1e-4
"""A problem has converged if further iterations would change the log of its plan by less than this."""


@dataclass(frozen=True)
class UnbalancedTransport:
    """Transports one unit of mass from each row to the columns, with entropy; rows and columns may stay unmatched.

    The plan maximises <C, P> + epsilon H(P), with gains C and the entropy H(P) = sum(P - P log P), over P >= 0:

    - ``marginals='relaxed'``: row and column sums are drawn to 1 by -rho KL(P 1 | 1) - rho KL(P^T 1 | 1), where
      KL(p | q) = sum(p log(p / q) - p + q). The gain is score - (epsilon + 2 rho) log 2, so that a row and a column
      which have only each other are linked by exp(score / (epsilon + 2 rho)) / 2: one half at a score of 0. Sums exceed
      1 where several links of one row or column are good, as ``residual`` reports. The plan is min(P, 1): scores far
      above (epsilon + 2 rho) log 2 all have a plan of 1 and a gradient of 0.
    - ``marginals='dustbin'``: one more row and one more column receive the unmatched mass at gain 0; the gain of a link
      is its score. With n real rows and m real columns, each of these has a mass of exactly 1, the additional row m and
      the additional column n. A row and a column which have only each other are linked by sigmoid(score / (2 epsilon)).
      As epsilon goes to 0, the plan goes to the best matching by links with score > 0.

    Both are strictly concave and are solved by Sinkhorn iterations in the log domain. A small epsilon needs many: an
    iteration of the relaxed form leaves at most tau^2 = (rho / (rho + epsilon))^2 of the error; the dustbin form has no
    such bound, and links with scores far above epsilon come no closer to 1 than about 1 / (2 sweeps). Rounding leaves a
    relative error of the plan near machine precision times ``max |score| / epsilon``.

    The plan is differentiable in the score:

    - ``gradient='unrolled'``: runs all iterations; the gradient is that of this finite iteration, converged or not, and
      keeps two arrays of the score's size for each iteration.
    - ``gradient='implicit'``: stops early once the potentials have converged (to 3e-5 in float32, 1e-12 in float64);
      the gradient is that of the maximiser, by the implicit function theorem. It keeps one array, and is right where
      ``converged``: elsewhere increase ``sweeps``. It is not twice differentiable.

    After Chizat, Peyre, Schmitzer and Vialard, "Scaling algorithms for unbalanced optimal transport problems", Math.
    Comp. 2018, and the review of Sejourne, Peyre and Vialard, "Unbalanced optimal transport, from theory to numerics",
    2022; the dustbins are those of Sarlin et al., "SuperGlue: Learning feature matching with graph neural networks",
    CVPR 2020. Of the second solver of Zhou et al., "Differentiable multi-granularity human parsing", TPAMI 2023, it is
    public only that it rests on unbalanced optimal transport; the forms and numbers here are our choice.

    Args:
        epsilon: Weight of the entropy, in units of the score: the larger, the softer the plan.
        rho: Weight of the marginals in the relaxed form, in units of the score; the dustbin form has none.
        marginals: How rows and columns stay unmatched.
        gradient: Which map is differentiated.
        sweeps: Sinkhorn iterations, at most. One updates the row and then the column potentials.

    Raises:
        ValueError: If an option is not positive and finite, or not one of the choices.
    """

    epsilon: float = 0.1
    rho: float = 0.3
    marginals: Marginals = 'relaxed'
    gradient: Gradient = 'unrolled'
    sweeps: int = 50

    def __post_init__(self):
        check_positive(self, 'epsilon', 'rho')
        check_count(self, 'sweeps')
        check_choice(self, marginals=Marginals, gradient=Gradient)

    def solve(self, problem: MatchingProblem) -> MatchingResult:
        """Solves in float32 at least. ``converged`` refers to the potentials, ``residual`` to the sums of the plan."""
        implicit = self.gradient == 'implicit'
        transport = self._relaxed(problem) if self.marginals == 'relaxed' else self._with_dustbins(problem)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not implicit):
            potentials = sinkhorn(transport, self.sweeps, stop_when_converged=implicit)
        f, g = potentials.f, potentials.g
        if implicit:
            # autograd's apply has no type
            plan: Tensor = ImplicitPlan.apply(transport.log_kernel, f, g, transport.tau)  # pyright: ignore[reportAssignmentType]
        else:
            plan = (transport.log_kernel + f + g).clamp(max=0).exp()
        plan = plan[:, : problem.score.shape[1], : problem.score.shape[2]]  # (B, N, M), without dustbins
        with torch.no_grad():
            residual = violation(plan)
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=residual,
            iterations=potentials.iterations,
            converged=potentials.error < _CONVERGED,
        )

    def _relaxed(self, problem: MatchingProblem) -> TransportProblem:
        """Unit masses; the price of a link makes the plan of an isolated pair one half at a score of 0."""
        score = _at_least_float32(problem.masked_score)
        log_kernel = (score - (self.epsilon + 2 * self.rho) * math.log(2)) / self.epsilon
        return TransportProblem(
            log_kernel=torch.where(problem.mask, log_kernel, FORBIDDEN),
            log_a=score.new_zeros(*score.shape[:2], 1),
            log_b=score.new_zeros(len(score), 1, score.shape[2]),
            tau=self.rho / (self.rho + self.epsilon),
        )

    def _with_dustbins(self, problem: MatchingProblem) -> TransportProblem:
        """One more row and column of gain 0, with as much mass as there is on the other side."""
        log_kernel = pad(_at_least_float32(problem.masked_score) / self.epsilon, (0, 1, 0, 1))  # (B, N + 1, M + 1)
        row_mask, col_mask = problem.row_mask, problem.col_mask
        a = torch.cat([row_mask, col_mask.sum(1, keepdim=True)], 1).to(log_kernel.dtype)  # (B, N + 1)
        b = torch.cat([col_mask, row_mask.sum(1, keepdim=True)], 1).to(log_kernel.dtype)  # (B, M + 1)
        return TransportProblem(
            log_kernel=torch.where((a[:, :, None] > 0) & (b[:, None] > 0), log_kernel, FORBIDDEN),
            log_a=a.clamp(min=1).log()[:, :, None],
            log_b=b.clamp(min=1).log()[:, None],
            tau=1.0,
        )


def _at_least_float32(score: Tensor) -> Tensor:
    return score.float() if score.dtype in (torch.float16, torch.bfloat16) else score
