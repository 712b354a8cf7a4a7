"""UnbalancedTransport: matching as optimal transport with entropy, where mass may stay at home."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from .options import Gradient, check_choice, check_count, check_positive
from .problem import MatchingProblem
from .result import MatchingResult, violation
from .settled_plan import SettledPlan
from .sinkhorn import FORBIDDEN, Transport, sweep

Marginals = Literal['relaxed', 'dustbin']

_CONVERGED = 1e-4
"""A plan whose logarithm would change by less than this, were the sweeps to go on, is taken as solved."""


@dataclass(frozen=True)
class UnbalancedTransport:
    """Moves one unit of mass from each row to the columns, smoothly, and lets rows and columns stay without a partner.

    The plan maximises <gain, P> + epsilon H(P), with the entropy H(P) = sum(P - P log P), over P >= 0:

    - ``marginals='relaxed'``: sums of rows and columns are drawn to 1 by -rho KL(P 1 | 1) - rho KL(P^T 1 | 1), where
      KL(p | q) = sum(p log(p / q) - p + q). The gain is score - (epsilon + 2 rho) log 2, so that a row and a column
      which have only each other are linked by exp(score / (epsilon + 2 rho)) / 2: one half if the score is 0. Sums
      exceed 1 where many links of one row or column are good, as ``residual`` tells. The plan is min(P, 1): scores far
      above (epsilon + 2 rho) log 2 all give 1, and no gradient of their own.
    - ``marginals='dustbin'``: one more row and one more column take what stays alone, at gain 0; the gain is the score.
      With n real rows and m real columns, each of these has mass exactly 1, the additional row m and the additional
      column n. A row and a column which have only each other are linked by sigmoid(score / (2 epsilon)). As epsilon
      goes to 0, the plan goes to the best matching by links with score > 0.

    Both are strictly concave and are solved by Sinkhorn's sweeps in the log domain. For small epsilon they need many:
    a sweep of the relaxed form leaves at most (rho / (rho + epsilon))^2 of the error; the dustbin form has no such
    bound, and links of scores far above epsilon come no closer to 1 than about 1 / (2 sweeps). Rounding leaves the plan
    a relative error near machine precision times ``max |score| / epsilon``.

    The plan is differentiable in the score:

    - ``gradient='unrolled'``: makes all sweeps; the gradient is that of this finite iteration, whether converged or
      not, and keeps two arrays of the score's size for each sweep.
    - ``gradient='implicit'``: makes at most ``sweeps`` and fewer where the potentials settle (to 3e-5 in float32, 1e-12
      in float64); the gradient is that of the maximiser, by the implicit function theorem. It keeps one array, and is
      right where ``converged``: elsewhere raise ``sweeps``. It is not twice differentiable.

    It follows Chizat, Peyre, Schmitzer and Vialard, "Scaling algorithms for unbalanced optimal transport problems",
    Math. Comp. 2018, and the review of Sejourne, Peyre and Vialard, "Unbalanced optimal transport, from theory to
    numerics", 2022; the dustbins are those of Sarlin et al., "SuperGlue: Learning feature matching with graph neural
    networks", CVPR 2020. Of the second solver of Zhou et al., "Differentiable multi-granularity human parsing", TPAMI
    2023, it is public only that it rests on unbalanced optimal transport; the forms and numbers here are ours.

    Args:
        epsilon: Weight of the entropy, in units of the score: the larger, the softer the plan.
        rho: Weight of the marginals in the relaxed form; the dustbin form has none.
        marginals: How rows and columns stay alone.
        gradient: Which map is differentiated.
        sweeps: Sinkhorn sweeps, at most.

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
        """Solves in float32 at least. ``converged`` is about the potentials, ``residual`` about the sums."""
        implicit = self.gradient == 'implicit'
        transport = self._relaxed(problem) if self.marginals == 'relaxed' else self._with_dustbins(problem)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not implicit):
            potentials = sweep(transport, self.sweeps, until_settled=implicit)
        if implicit:
            plan = SettledPlan.apply(transport.gain, potentials.rows, potentials.columns, transport.stiffness)
        else:
            plan = (transport.gain + potentials.rows + potentials.columns).clamp(max=0).exp()
        plan = plan[:, : problem.score.shape[1], : problem.score.shape[2]]
        with torch.no_grad():
            residual = violation(plan)
        return MatchingResult(
            problem=problem,
            plan=plan,
            residual=residual,
            iterations=potentials.sweeps,
            converged=potentials.error < _CONVERGED,
        )

    def _relaxed(self, problem: MatchingProblem) -> Transport:
        """Unit masses; the price of a link makes one half of score 0."""
        score = _at_least_float32(problem.masked_score)
        gain = (score - (self.epsilon + 2 * self.rho) * math.log(2)) / self.epsilon
        return Transport(
            gain=torch.where(problem.mask, gain, FORBIDDEN),
            log_rows=gain.new_zeros(*gain.shape[:2], 1),
            log_columns=gain.new_zeros(len(gain), 1, gain.shape[2]),
            stiffness=self.rho / (self.rho + self.epsilon),
        )

    def _with_dustbins(self, problem: MatchingProblem) -> Transport:
        """One more row and column of score 0, of as much mass as there is on the other side."""
        gain = pad(_at_least_float32(problem.masked_score) / self.epsilon, (0, 1, 0, 1))
        row_mask, col_mask = problem.row_mask, problem.col_mask
        rows = torch.cat([row_mask, col_mask.sum(1, keepdim=True)], 1).to(gain.dtype)
        columns = torch.cat([col_mask, row_mask.sum(1, keepdim=True)], 1).to(gain.dtype)
        return Transport(
            gain=torch.where((rows[:, :, None] > 0) & (columns[:, None] > 0), gain, FORBIDDEN),
            log_rows=rows.clamp(min=1).log()[:, :, None],
            log_columns=columns.clamp(min=1).log()[:, None],
            stiffness=1.0,
        )


def _at_least_float32(score: Tensor) -> Tensor:
    return score.float() if score.dtype in (torch.float16, torch.bfloat16) else score
