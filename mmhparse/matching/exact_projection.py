"""The exact projection onto the relaxed matchings {X >= 0, row sums <= 1, column sums <= 1}, and its gradient.

X = max(Z - u 1^T - 1 v^T, 0), where the duals u, v >= 0 minimise the convex, piecewise quadratic

    phi(u, v) = |max(Z - u 1^T - 1 v^T, 0)|^2 / 2 + sum(u) + sum(v).

Minimising over u alone, or v alone, is a projection of rows or columns onto the capped simplex; doing so in turns never
goes up but may creep. A semismooth Newton step on both follows each turn (after Li, Sun and Toh, "On the efficient
computation of a generalized Jacobian of the projector over the Birkhoff polytope", SIAM J. Optim. 2020) and is taken
where phi falls. Once the positive entries and the capped sums are the right ones, it ends the search.
"""

import torch
from torch import Tensor

from .dykstra import capped_simplex_threshold

_TOLERANCE = 1e-12
_MAX_TURNS = 500
_RIDGE = 1e-10
"""Makes Newton's matrix regular; its null vectors move u up and v down alike, which leaves X where it is."""


class ExactProjection(torch.autograd.Function):
    """Nearest point of {X >= 0, row sums <= 1, column sums <= 1} to each matrix of z (B, N, M) float64.

    The gradient is that of the exact projection: with the positive entries and the capped sums held fixed, dX is dZ
    projected orthogonally onto the matrices without other entries and without such sums. It holds where the two stay
    the same around z: almost everywhere.
    """

    @staticmethod
    def forward(ctx, z: Tensor) -> Tensor:
        row_dual, column_dual = _solve_dual(z)
        x = (z - row_dual - column_dual).clamp(min=0)
        ctx.save_for_backward(x > 0, row_dual > 0, column_dual > 0)
        return x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> Tensor:
        active, rows, columns = ctx.saved_tensors
        grad = grad * active
        row_shift, column_shift = _solve_newton_system(active, rows, columns, grad)
        return grad - active * (row_shift + column_shift)


def project_exactly(z: Tensor) -> Tensor:
    """:class:`ExactProjection` of z (B, N, M), computed in float64 and returned in the type of z."""
    return ExactProjection.apply(z.double()).to(z.dtype)


def _solve_dual(z: Tensor) -> tuple[Tensor, Tensor]:
    """The duals u (B, N, 1) and v (B, 1, M)."""
    row_dual, column_dual = z.new_zeros(*z.shape[:2], 1), z.new_zeros(len(z), 1, z.shape[2])
    if z.numel() == 0:
        return row_dual, column_dual
    for _ in range(_MAX_TURNS):
        row_dual = capped_simplex_threshold(z - column_dual, dim=2)
        column_dual = capped_simplex_threshold(z - row_dual, dim=1)
        x = (z - row_dual - column_dual).clamp(min=0)
        row_excess, column_excess = x.sum(2, keepdim=True) - 1, x.sum(1, keepdim=True) - 1
        rows, columns = (row_dual > 0) | (row_excess > 0), (column_dual > 0) | (column_excess > 0)
        if (row_excess * rows).abs().max() <= _TOLERANCE and (column_excess * columns).abs().max() <= _TOLERANCE:
            break
        row_move, column_move = _solve_newton_system(x > 0, rows, columns, x, capped_at=1)
        row_dual, column_dual = _descend(z, row_dual, column_dual, row_move, column_move)
    return row_dual, column_dual


def _solve_newton_system(
    active: Tensor, rows: Tensor, columns: Tensor, entries: Tensor, capped_at: float = 0
) -> tuple[Tensor, Tensor]:
    """What to take from capped rows (B, N, 1) and columns (B, 1, M) so that their entries sum to ``capped_at``."""
    number = active.shape[1]
    chosen = torch.cat([rows.flatten(1), columns.flatten(1)], 1)  # (B, N + M)
    right = torch.cat([entries.sum(2), entries.sum(1)], 1) - capped_at
    counts = torch.cat([active.sum(2), active.sum(1)], 1)
    matrix = torch.diag_embed(counts.to(entries.dtype))
    matrix[:, :number, number:] = active
    matrix[:, number:, :number] = active.mT
    matrix = matrix * chosen[:, :, None] * chosen[:, None]
    right = (right * chosen)[..., None]
    factors = torch.linalg.lu_factor(matrix + torch.diag_embed((~chosen) + _RIDGE))
    shift = torch.linalg.lu_solve(*factors, right)
    for _ in range(2):  # takes the ridge's error away
        shift = shift + torch.linalg.lu_solve(*factors, right - matrix @ shift)
    return shift[:, :number], shift[:, number:].mT


def _descend(z: Tensor, u: Tensor, v: Tensor, u_move: Tensor, v_move: Tensor) -> tuple[Tensor, Tensor]:
    """The longest of a few steps along the move that does not raise phi, for each problem; none if all do."""
    best, present = (u, v), _phi(z, u, v)
    open_problems = torch.ones_like(present, dtype=torch.bool)
    for reach in (1, 1 / 4, 1 / 16, 1 / 64):
        trial = ((u + reach * u_move).clamp(min=0), (v + reach * v_move).clamp(min=0))
        falls = open_problems & (_phi(z, *trial) <= present)
        best = tuple(torch.where(falls[:, None, None], new, old) for new, old in zip(trial, best, strict=True))
        open_problems = open_problems & ~falls
    return best


def _phi(z: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """(B,); the dual objective."""
    return (z - u - v).clamp(min=0).square().sum((1, 2)) / 2 + u.sum((1, 2)) + v.sum((1, 2))
