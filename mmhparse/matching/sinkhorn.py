"""Entropic transport between rows and columns, with soft or hard marginals, by Sinkhorn's sweeps in the log domain.

With gains c (N, M), masses a (N,) and b (M,), an entropy epsilon and a penalty rho, the plan P >= 0 maximises

    <c, P> + epsilon H(P) - rho KL(P 1 | a) - rho KL(P^T 1 | b),    H(P) = sum(P - P log P).

It has the form P = exp(c / epsilon + f 1^T + 1 g^T). Maximising over the row potentials f alone, then over the column
potentials g alone, is one sweep:

    f = stiffness (log a - logsumexp_j(c / epsilon + g)),    stiffness = rho / (rho + epsilon),

and likewise g. Stiffness 1, the limit of a large rho, is the hard marginal P 1 = a. A sweep brings any two g closer by
stiffness^2 at least (Chizat, Peyre, Schmitzer and Vialard, "Scaling algorithms for unbalanced optimal transport
problems", Math. Comp. 2018).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

FORBIDDEN = -1e30
"""Stands for the gain minus infinity, in a way that keeps every sum and every gradient finite."""

_SETTLED = {torch.float32: 3e-5, torch.float64: 1e-12}


@dataclass(frozen=True, eq=False)
class Transport:
    """B entropic transport problems.

    Attributes:
        gain: (B, N, M) float; c / epsilon, ``FORBIDDEN`` where no mass may go.
        log_rows: (B, N, 1); log a. Of no effect in rows where all is forbidden.
        log_columns: (B, 1, M); log b, likewise.
        stiffness: How firmly the marginals are held, in (0, 1]; 1 = exactly.
    """

    gain: Tensor
    log_rows: Tensor
    log_columns: Tensor
    stiffness: float


@dataclass(frozen=True, eq=False)
class Potentials:
    """Where the sweeps ended.

    Attributes:
        rows: (B, N, 1); f, 0 in rows where all is forbidden.
        columns: (B, 1, M); g, likewise. It was fitted last.
        error: (B,); estimate of how far the column potentials are from where they settle: the moves still to come, were
            each smaller than the one before by the last ratio, but no less than the last move. With hard marginals the
            last move also bounds the error of every log row sum.
        sweeps: How many sweeps were made.
    """

    rows: Tensor
    columns: Tensor
    error: Tensor
    sweeps: int


def sweep(transport: Transport, sweeps: int, until_settled: bool) -> Potentials:
    """Sinkhorn's sweeps from g = 0, differentiable in the gain.

    Args:
        transport: The problems.
        sweeps: How many.
        until_settled: Whether a problem rests as soon as its error falls below 3e-5 (float32) or 1e-12 (float64), and
            the sweeps end when all rest. Problems rest one by one, so that none depends on its neighbours.
    """
    gain = transport.gain
    allowed = gain > FORBIDDEN / 2
    linked_rows, linked_columns = allowed.any(2, keepdim=True), allowed.any(1, keepdim=True)
    rows, columns = torch.zeros_like(transport.log_rows), torch.zeros_like(transport.log_columns)
    move = error = gain.new_full((len(gain),), torch.inf)
    resting = torch.zeros_like(error, dtype=torch.bool)
    made = 0
    while made < sweeps and not (until_settled and made and resting.all()):
        new_rows = _fit(gain + columns, transport.log_rows, linked_rows, transport.stiffness, dim=2)
        new_columns = _fit(gain + new_rows, transport.log_columns, linked_columns, transport.stiffness, dim=1)
        new_move = _distance(new_columns, columns)
        new_error = _error(new_move, move)
        if until_settled:
            keep = resting[:, None, None]
            new_rows, new_columns = torch.where(keep, rows, new_rows), torch.where(keep, columns, new_columns)
            new_move, new_error = torch.where(resting, move, new_move), torch.where(resting, error, new_error)
            resting = new_error < _SETTLED[gain.dtype]
        rows, columns, move, error = new_rows, new_columns, new_move, new_error
        made += 1
    return Potentials(rows, columns, error, made)


def _fit(shifted: Tensor, log_mass: Tensor, linked: Tensor, stiffness: float, dim: int) -> Tensor:
    """The best potentials for the sums along ``dim``, 0 where nothing is linked."""
    return torch.where(linked, stiffness * (log_mass - shifted.logsumexp(dim, keepdim=True)), 0)


@torch.no_grad()
def _distance(new: Tensor, old: Tensor) -> Tensor:
    """(B,); the largest difference, 0 where there is none at all."""
    return pad((new - old).abs().flatten(1), (0, 1)).amax(1)


def _error(move: Tensor, before: Tensor) -> Tensor:
    """(B,); the rest of the geometric series that goes on with the last two moves, at least the last of them."""
    # moves that differ by no more than rounding have no ratio
    shrinkage = (before - move).clamp(min=10 * torch.finfo(move.dtype).eps)
    return torch.maximum(move, move.square() / shrinkage)
