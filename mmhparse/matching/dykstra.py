"""Projection onto the relaxed matchings {X >= 0, row sums <= 1, column sums <= 1} by Dykstra's algorithm."""

import torch
from torch import Tensor


def capped_simplex_threshold(z: Tensor, dim: int) -> Tensor:
    """The smallest t >= 0 such that the positive entries of z - t sum to at most 1, along ``dim``, which is kept as 1.

    The sum is a convex, decreasing function of t, so Newton's method from t = 0 rises to the threshold in finitely many
    steps (Held, Wolfe and Crowder, "Validation of subgradient optimization", Math. Programming 6, 1974). Sums are
    computed in float64, so that the order of addition does not decide which entries stay positive.
    """
    threshold = torch.zeros_like(z.sum(dim, keepdim=True))
    while True:
        active = z > threshold
        total = torch.where(active, z, 0).sum(dim, keepdim=True, dtype=torch.float64)
        newton = ((total - 1) / active.sum(dim, keepdim=True).clamp(min=1)).to(z.dtype)
        if not (newton > threshold).any():
            return threshold
        threshold = torch.maximum(newton, threshold)


def project_capped_simplex(z: Tensor, dim: int) -> Tensor:
    """Nearest point of {x >= 0, sum of x <= 1} to each slice of ``z`` along ``dim``; differentiable."""
    with torch.no_grad():
        threshold = capped_simplex_threshold(z, dim)
        active = z > threshold
        capped = threshold > 0
        count = active.sum(dim, keepdim=True).clamp(min=1)
    # the value of the threshold is known; this adds its gradient, that of (sum of active entries - 1) / count
    if z.requires_grad:
        mean = (z * active).sum(dim, keepdim=True) / count
        threshold = threshold + capped * (mean - mean.detach())
    return torch.where(active, z - threshold, 0)


def project_relaxed_matching(z: Tensor, cycles: int) -> Tensor:
    """Approximate projection of ``z`` (B, N, M) onto {X >= 0, row sums <= 1, column sums <= 1}; differentiable.

    Dykstra's cyclic projections (Boyle and Dykstra, 1986) between the matrices with capped rows and those with capped
    columns. Increments start at zero for every ``z``: the increments of another point would lead to another limit. Each
    cycle ends with the columns, so that only row sums may remain slightly above 1.
    """
    x = z
    row_increment = column_increment = torch.zeros_like(z)
    for _ in range(cycles):
        shifted = x + row_increment
        x = project_capped_simplex(shifted, dim=2)
        row_increment = shifted - x
        shifted = x + column_increment
        x = project_capped_simplex(shifted, dim=1)
        column_increment = shifted - x
    return x
