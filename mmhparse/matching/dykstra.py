"""Projection onto the relaxed matchings {X >= 0, row sums <= 1, column sums <= 1} by Dykstra's algorithm."""

import torch
from torch import Tensor


def capped_simplex_threshold(z: Tensor, dim: int) -> Tensor:
    """The smallest t >= 0 such that the positive entries of z - t sum to at most 1, along ``dim``, which is kept.

    The sum falls convexly in t, so Newton's method from t = 0 climbs to it in finitely many steps (Held, Wolfe and
    Crowder, "Validation of subgradient optimization", Math. Programming 6, 1974). Sums run in float64, so that their
    order does not decide which entries stay positive.
    """
    threshold = torch.zeros_like(z.sum(dim, keepdim=True))
    while True:
        active = z > threshold
        total = torch.where(active, z, 0).sum(dim, keepdim=True, dtype=torch.float64)
        fitting = ((total - 1) / active.sum(dim, keepdim=True).clamp(min=1)).to(z.dtype)
        if not (fitting > threshold).any():
            return threshold
        threshold = torch.maximum(fitting, threshold)


def project_capped_simplex(z: Tensor, dim: int) -> Tensor:
    """Nearest point of {x >= 0, sum of x <= 1} to each slice of ``z`` along ``dim``; differentiable."""
    with torch.no_grad():
        threshold = capped_simplex_threshold(z, dim)
        active = z > threshold
        capped = threshold > 0
        count = active.sum(dim, keepdim=True).clamp(min=1)
    # the value of the threshold is known; only its gradient is taken from here, that of (sum of active entries - 1) / n
    if z.requires_grad:
        mean = (z * active).sum(dim, keepdim=True) / count
        threshold = threshold + capped * (mean - mean.detach())
    return torch.where(active, z - threshold, 0)


def project_relaxed_matching(z: Tensor, cycles: int) -> Tensor:
    """Approximate projection of ``z`` (B, N, M) onto {X >= 0, row sums <= 1, column sums <= 1}; differentiable.

    Dykstra's cyclic projections (Boyle and Dykstra, 1986) between the matrices with capped rows and those with capped
    columns. Increments start at zero for every ``z``: carried over from another point, they would steer to another
    projection. Each cycle ends at the columns, so that only row sums may be left slightly above 1.
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
