"""Projections against their optimality conditions and against a generic optimiser."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import LinearConstraint, linear_sum_assignment, minimize

from mmhparse.matching.dykstra import project_capped_simplex, project_relaxed_matching

matrices = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 2), st.integers(1, 5), st.integers(1, 5)), elements=st.floats(-3, 3)
)


def sorted_projection(z: np.ndarray) -> np.ndarray:
    """The textbook algorithm: sort, and find how many entries stay above 0."""
    if np.maximum(z, 0).sum() <= 1:
        return np.maximum(z, 0)
    falling = np.sort(z)[::-1]
    thresholds = (falling.cumsum() - 1) / np.arange(1, len(z) + 1)
    return np.maximum(z - thresholds[np.flatnonzero(falling > thresholds)[-1]], 0)


@given(matrices)
def test_capped_simplex_is_the_sorted_projection(z):
    projected = project_capped_simplex(torch.from_numpy(z), dim=2).numpy()
    expected = np.apply_along_axis(sorted_projection, 2, z)
    np.testing.assert_allclose(projected, expected, atol=1e-12)


@given(matrices)
def test_capped_simplex_along_columns_is_the_transpose(z):
    z = torch.from_numpy(z)
    columns = project_capped_simplex(z, dim=1)
    torch.testing.assert_close(columns, project_capped_simplex(z.transpose(1, 2), dim=2).transpose(1, 2))


@settings(max_examples=25)
@given(matrices)
def test_many_cycles_converge_to_the_nearest_relaxed_matching(z):
    """x is the projection of z iff <z - x, y - x> <= 0 for each feasible y; vertices of the set suffice."""
    x = project_relaxed_matching(torch.from_numpy(z), cycles=150).numpy()[0]
    assert x.min() >= -1e-12
    assert x.sum(0).max() <= 1 + 1e-6
    assert x.sum(1).max() <= 1 + 1e-6
    normal = z[0] - x
    gain = np.maximum(normal, 0)
    best = gain[linear_sum_assignment(gain, maximize=True)].sum()
    assert best - (normal * x).sum() <= 1e-4


def test_agrees_with_a_generic_optimiser():
    z = np.random.default_rng(0).normal(0.4, 0.6, (4, 5))
    sums = np.vstack([np.kron(np.eye(4), np.ones(5)), np.kron(np.ones(4), np.eye(5))])
    answer = minimize(
        lambda x: ((x - z.ravel()) ** 2).sum(),
        np.zeros(20),
        jac=lambda x: 2 * (x - z.ravel()),
        method='SLSQP',
        bounds=[(0, None)] * 20,
        constraints=LinearConstraint(sums, -np.inf, 1),
        options=dict(ftol=1e-14, maxiter=500),
    )
    projected = project_relaxed_matching(torch.from_numpy(z)[None], cycles=300)[0].numpy()
    np.testing.assert_allclose(projected, answer.x.reshape(4, 5), atol=1e-5)


def test_alternating_projection_without_increments_would_land_elsewhere():
    """Guards the increments: plain alternation stays feasible but is not the nearest point."""
    z = torch.tensor([[[1.5, 0.9], [1.0, -0.2]]], dtype=torch.float64)
    x = z
    for _ in range(200):
        x = project_capped_simplex(project_capped_simplex(x, 2), 1)
    nearest = project_relaxed_matching(z, cycles=200)
    assert (x - z).norm() > (nearest - z).norm() + 1e-3


@pytest.mark.parametrize('project', [lambda z: project_capped_simplex(z, 2), lambda z: project_relaxed_matching(z, 4)])
def test_gradient(project):
    torch.manual_seed(0)
    z = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(project, z)
