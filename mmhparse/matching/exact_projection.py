"""The exact projection onto the relaxed matchings {X >= 0, row sums <= 1, column sums <= 1}, and its gradient.

X = max(Z - u 1^T - 1 v^T, 0), where the duals u, v >= 0 minimise the convex, piecewise quadratic

    phi(u, v) = |max(Z - u 1^T - 1 v^T, 0)|^2 / 2 + sum(u) + sum(v).

Minimising over u alone, or over v alone, is a projection of rows or columns onto the capped simplex; alternating
between them never increases phi but may converge slowly. After each alternation, a semismooth Newton step (after Li,
Sun and Toh, "On the efficient computation of a generalized Jacobian of the projector over the Birkhoff polytope",
SIAM J. Optim. 2020) is taken where it does not increase phi. It reaches the solution as soon as the positive entries
and the capped sums are those of the solution.
"""

from typing import Any

import torch
from torch import Tensor

from .dykstra import capped_simplex_threshold

_TOLERANCE = 1e-12
_MAX_ITERATIONS = 500
_RIDGE = 1e-10
"""Makes Newton's matrix regular; its null vectors increase u and decrease v by as much, which does not change X."""


class ExactProjection(torch.autograd.Function):
    """Nearest point of {X >= 0, row sums <= 1, column sums <= 1} to each matrix of z (B, N, M) float64.

    The gradient is that of the exact projection: with the positive entries and the capped sums held fixed, dX is dZ
    projected orthogonally onto the matrices that are 0 elsewhere and have sums of 0 where they are capped. It holds
    where both stay the same in a neighbourhood of z: almost everywhere.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        u, v = _solve_dual(z)
        x = (z - u - v).clamp(min=0)
        ctx.save_for_backward(x > 0, u > 0, v > 0)
        return x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        active, capped_rows, capped_columns = ctx.saved_tensors
        grad = grads[0] * active  # (B, N, M)
        u_change, v_change = _solve_newton_system(active, capped_rows, capped_columns, grad)
        return grad - active * (u_change + v_change)


def project_exactly(z: Tensor) -> Tensor:
    """:class:`ExactProjection` of z (B, N, M), computed in float64 and returned in the type of z."""
    # autograd's apply has no type
    projection: Tensor = ExactProjection.apply(z.double())  # pyright: ignore[reportAssignmentType]
    return projection.to(z.dtype)


def _solve_dual(z: Tensor) -> tuple[Tensor, Tensor]:
    """The duals u (B, N, 1) and v (B, 1, M)."""
    u, v = z.new_zeros(*z.shape[:2], 1), z.new_zeros(len(z), 1, z.shape[2])
    if z.numel() == 0:
        return u, v
    for _ in range(_MAX_ITERATIONS):
        u = capped_simplex_threshold(z - v, dim=2)
        v = capped_simplex_threshold(z - u, dim=1)
        x = (z - u - v).clamp(min=0)
        row_excess, column_excess = x.sum(2, keepdim=True) - 1, x.sum(1, keepdim=True) - 1
        rows, columns = (u > 0) | (row_excess > 0), (v > 0) | (column_excess > 0)
        if (row_excess * rows).abs().max() <= _TOLERANCE and (column_excess * columns).abs().max() <= _TOLERANCE:
            break
        u_step, v_step = _solve_newton_system(x > 0, rows, columns, x, capped_at=1)
        u, v = _line_search(z, u, v, u_step, v_step)
    return u, v


def _solve_newton_system(
    active: Tensor, rows: Tensor, columns: Tensor, entries: Tensor, capped_at: float = 0
) -> tuple[Tensor, Tensor]:
    """What to subtract from the active entries of ``rows`` and ``columns`` so that their sums become ``capped_at``.

    Args:
        active: (B, N, M) bool; the entries that change.
        rows: (B, N, 1) bool; rows with a required sum.
        columns: (B, 1, M) bool; columns with a required sum.
        entries: (B, N, M); 0 where not active.
        capped_at: The required sum.

    Returns:
        Shifts of rows (B, N, 1) and of columns (B, 1, M), 0 outside of ``rows`` and ``columns``.
    """
    number = active.shape[1]
    chosen = torch.cat([rows.flatten(1), columns.flatten(1)], 1)  # (B, N + M)
    right = torch.cat([entries.sum(2), entries.sum(1)], 1) - capped_at  # (B, N + M)
    counts = torch.cat([active.sum(2), active.sum(1)], 1)  # (B, N + M)
    matrix = torch.diag_embed(counts.to(entries.dtype))  # (B, N + M, N + M)
    matrix[:, :number, number:] = active  # (B, N, M)
    matrix[:, number:, :number] = active.mT  # (B, M, N)
    matrix = matrix * chosen[:, :, None] * chosen[:, None]
    right = (right * chosen)[..., None]  # (B, N + M, 1)
    factors = torch.linalg.lu_factor(matrix + torch.diag_embed((~chosen) + _RIDGE))
    shift = torch.linalg.lu_solve(*factors, right)  # (B, N + M, 1)
    for _ in range(2):  # iterative refinement, which removes the error of the ridge
        shift = shift + torch.linalg.lu_solve(*factors, right - matrix @ shift)
    return shift[:, :number], shift[:, number:].mT


def _line_search(z: Tensor, u: Tensor, v: Tensor, u_step: Tensor, v_step: Tensor) -> tuple[Tensor, Tensor]:
    """The duals after the longest of four fractions of the step that does not increase phi, problem by problem."""
    current = _phi(z, u, v)  # (B,)
    searching = torch.ones_like(current, dtype=torch.bool)  # (B,)
    best_u, best_v = u, v
    for fraction in (1, 1 / 4, 1 / 16, 1 / 64):
        trial_u, trial_v = (u + fraction * u_step).clamp(min=0), (v + fraction * v_step).clamp(min=0)
        taken = searching & (_phi(z, trial_u, trial_v) <= current)  # (B,)
        best_u = torch.where(taken[:, None, None], trial_u, best_u)
        best_v = torch.where(taken[:, None, None], trial_v, best_v)
        searching = searching & ~taken
    return best_u, best_v


def _phi(z: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """(B,); the dual objective."""
    return (z - u - v).clamp(min=0).square().sum((1, 2)) / 2 + u.sum((1, 2)) + v.sum((1, 2))
