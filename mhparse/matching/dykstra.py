"""Projection onto the relaxed matchings {X >= 0, row sums <= 1, column sums <= 1} by Dykstra's algorithm."""

import torch
from torch import Tensor


def project_capped_simplex(z: Tensor, dim: int) -> Tensor:
    """Nearest point of {x >= 0, sum of x <= 1} to each slice of ``z`` along ``dim``; differentiable.

    The answer is max(z - t, 0) with the smallest threshold t >= 0 that brings the sum down to 1 (Held, Wolfe and
    Crowder, "Validation of subgradient optimization", Math. Programming 6, 1974). The sum falls convexly in t, so
    Newton's method from t = 0 climbs to it in finitely many steps.
    """
    with torch.no_grad():
        threshold = torch.zeros_like(z.sum(dim, keepdim=True))
        while True:
            active = z > threshold
            # the threshold that would fit if the active set were the right one
            fitting = (z.mul(active).sum(dim, keepdim=True) - 1) / active.sum(dim, keepdim=True).clamp(min=1)
            fitting = torch.maximum(fitting, threshold)
            if torch.equal(active, z > fitting):
                break
            threshold = fitting
    count = active.sum(dim, keepdim=True).clamp(min=1)
    threshold = (z.mul(active).sum(dim, keepdim=True) - 1) / count
    return (z - threshold.clamp(min=0)).mul(active)


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
