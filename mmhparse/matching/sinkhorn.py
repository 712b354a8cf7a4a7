"""Entropic optimal transport with hard or relaxed marginals, by Sinkhorn iterations in the log domain.

With gains C (N, M), masses a (N,) and b (M,), an entropy weight epsilon and a marginal weight rho, the plan P >= 0
maximises

    <C, P> + epsilon H(P) - rho KL(P 1 | a) - rho KL(P^T 1 | b),    H(P) = sum(P - P log P).

It has the form P = exp(C / epsilon + f 1^T + 1 g^T), with the potentials f and g in units of epsilon. Maximising over f
alone, then over g alone, is one Sinkhorn iteration:

    f = tau (log a - logsumexp_j(C / epsilon + g)),    tau = rho / (rho + epsilon),

and likewise g. tau = 1, the limit of a large rho, is the hard marginal P 1 = a. An iteration contracts the distance
between any two g by a factor of tau^2 at least (Chizat, Peyre, Schmitzer and Vialard, "Scaling algorithms for
unbalanced optimal transport problems", Math. Comp. 2018). ``tau`` is the parameter of the same name in OTT.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

FORBIDDEN = -1e30
"""Stands for a gain of minus infinity, and keeps every sum and every gradient finite."""

_STOPPING_ERROR = {torch.float32: 3e-5, torch.float64: 1e-12}
"""Error of the potentials at which a problem stops, by type."""


@dataclass(frozen=True, eq=False)
class TransportProblem:
    """B entropic transport problems.

    Attributes:
        log_kernel: (B, N, M) float; C / epsilon, ``FORBIDDEN`` where no mass may go.
        log_a: (B, N, 1); log of the row masses. Without effect in rows where everything is forbidden.
        log_b: (B, 1, M); log of the column masses, likewise.
        tau: rho / (rho + epsilon), in (0, 1]; 1 = hard marginals.
    """

    log_kernel: Tensor
    log_a: Tensor
    log_b: Tensor
    tau: float


@dataclass(frozen=True, eq=False)
class Potentials:
    """Where the Sinkhorn iterations ended.

    Attributes:
        f: (B, N, 1); row potentials in units of epsilon, 0 in rows where everything is forbidden.
        g: (B, 1, M); column potentials, likewise. They were updated last.
        error: (B,); estimate of the distance of g from the fixed point: the sum of all further updates if each shrank
            by the ratio of the last two, and at least the last update. With hard marginals the last update also bounds
            the error of the log of every row sum.
        iterations: How many iterations were run.
    """

    f: Tensor
    g: Tensor
    error: Tensor
    iterations: int


def sinkhorn(problem: TransportProblem, max_iterations: int, *, stop_when_converged: bool) -> Potentials:
    """Sinkhorn iterations from g = 0, differentiable in the kernel.

    Args:
        problem: The problems.
        max_iterations: The number of iterations, or the largest one.
        stop_when_converged: Whether a problem stops as soon as its error is below 3e-5 (float32) or 1e-12 (float64),
            and the iterations end when all problems have stopped. Problems stop one by one, so that the result of none
            depends on the others of its batch.
    """
    log_kernel = problem.log_kernel
    allowed = log_kernel > FORBIDDEN / 2
    allowed_rows, allowed_columns = allowed.any(2, keepdim=True), allowed.any(1, keepdim=True)  # (B, N, 1), (B, 1, M)
    f, g = torch.zeros_like(problem.log_a), torch.zeros_like(problem.log_b)
    update = error = log_kernel.new_full((len(log_kernel),), torch.inf)
    stopped = torch.zeros_like(error, dtype=torch.bool)
    iterations = 0
    while iterations < max_iterations and not (stop_when_converged and iterations and stopped.all()):
        new_f = _best_potential(log_kernel + g, problem.log_a, allowed_rows, problem.tau, dim=2)
        new_g = _best_potential(log_kernel + new_f, problem.log_b, allowed_columns, problem.tau, dim=1)
        new_update = _largest_difference(new_g, g)
        new_error = _distance_left(new_update, update)
        if stop_when_converged:
            keep = stopped[:, None, None]
            new_f, new_g = torch.where(keep, f, new_f), torch.where(keep, g, new_g)
            new_update, new_error = torch.where(stopped, update, new_update), torch.where(stopped, error, new_error)
            stopped = new_error < _STOPPING_ERROR[log_kernel.dtype]
        f, g, update, error = new_f, new_g, new_update, new_error
        iterations += 1
    return Potentials(f, g, error, iterations)


def _best_potential(shifted: Tensor, log_mass: Tensor, allowed: Tensor, tau: float, dim: int) -> Tensor:
    """The maximising potentials for the sums along ``dim`` (kept as 1), 0 where everything is forbidden."""
    return torch.where(allowed, tau * (log_mass - shifted.logsumexp(dim, keepdim=True)), 0)


@torch.no_grad()
def _largest_difference(new: Tensor, old: Tensor) -> Tensor:
    """(B,); the largest difference of two potentials (B, 1, M), 0 if M = 0."""
    return pad((new - old).abs().flatten(1), (0, 1)).amax(1)  # (B, M + 1) -> (B,)


def _distance_left(update: Tensor, previous: Tensor) -> Tensor:
    """(B,); the rest of the geometric series that continues the last two updates (B,), at least the last one."""
    # updates that differ by no more than rounding have no ratio
    decrease = (previous - update).clamp(min=10 * torch.finfo(update.dtype).eps)
    return torch.maximum(update, update.square() / decrease)
