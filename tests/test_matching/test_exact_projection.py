"""Projections onto the relaxed matchings: against a QP solver, by their optimality conditions, and their gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from mmhparse.matching import Hungarian, MatchingProblem, ProjectedGradient, solve
from mmhparse.matching.exact_projection import project_exactly
from mmhparse.matching.result import violation
from mmhparse.ops import compiled_devices

BACKENDS = ['reference', *(['compiled'] if 'cpu' in compiled_devices() else [])]


def random_points(seed: int, batch: int, rows: int, columns: int) -> torch.Tensor:
    return torch.randn(batch, rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def quadratic_program(point: np.ndarray) -> np.ndarray:
    """The nearest relaxed matching by scipy's general solver."""
    rows, columns = point.shape
    sums = np.concatenate([np.kron(np.eye(rows), np.ones(columns)), np.kron(np.ones(rows), np.eye(columns))])
    answer = minimize(
        lambda x: ((x - point.ravel()) ** 2).sum() / 2,
        np.zeros(point.size),
        jac=lambda x: x - point.ravel(),
        bounds=[(0, None)] * point.size,
        constraints=LinearConstraint(sums, ub=1),
        method='SLSQP',
        options=dict(ftol=1e-14, maxiter=500),
    )
    return answer.x.reshape(point.shape)


@pytest.mark.parametrize('rows, columns', [(1, 4), (3, 3), (4, 6), (6, 5)])
def test_it_solves_the_quadratic_program(rows, columns):
    points = random_points(rows * columns, 4, rows, columns)
    expected = np.stack([quadratic_program(point) for point in points.numpy()])
    np.testing.assert_allclose(project_exactly(points).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize('backend', BACKENDS)
def test_one_step_is_one_projection(backend):
    """X_1 is the projection of step_size * score; so the compiled projection meets the quadratic program, too."""
    points = random_points(0, 4, 5, 4)
    solver = ProjectedGradient(steps=1, step_size=1.0, gradient='implicit', backend=backend)
    expected = np.stack([quadratic_program(point) for point in points.numpy()])
    np.testing.assert_allclose(solve(MatchingProblem(points), solver).plan.numpy(), expected, atol=1e-6)


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 9), st.sampled_from([0.1, 1.0, 30.0]))
@settings(max_examples=40)
def test_it_is_feasible_nearest_and_idempotent(seed, rows, columns, scale):
    points = random_points(seed, 2, rows, columns) * scale
    x = project_exactly(points)
    assert violation(x).max() <= 1e-10
    # nearest: no feasible direction comes closer to the point (the variational inequality), for matchings and for 0
    others = solve(MatchingProblem(points), Hungarian()).plan
    for other in (others, torch.zeros_like(x)):
        assert ((points - x) * (other - x)).sum((1, 2)).max() <= 1e-8 * max(1, scale**2)
    torch.testing.assert_close(project_exactly(x), x, atol=1e-10, rtol=0)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('dtype, bound', [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_exact_mode_violates_nothing(backend, dtype, bound):
    for seed, (rows, columns) in enumerate([(1, 1), (7, 30), (30, 30), (40, 25)]):
        score = random_points(seed, 5, rows, columns).to(dtype)
        result = solve(MatchingProblem(score), ProjectedGradient(gradient='implicit', backend=backend))
        assert result.residual.max() <= bound
        torch.testing.assert_close(result.residual, violation(result.plan), atol=0, rtol=0)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('seed', range(4))
def test_gradient_of_the_exact_projections(backend, seed):
    generator = torch.Generator().manual_seed(seed)
    score = (torch.rand(2, 4, 5, generator=generator, dtype=torch.float64) - 0.2).requires_grad_()
    row_mask = torch.rand(2, 4, generator=generator) < 0.8
    col_mask = torch.rand(2, 5, generator=generator) < 0.8
    solver = ProjectedGradient(steps=3, step_size=0.4, gradient='implicit', backend=backend)
    assert torch.autograd.gradcheck(lambda x: solve(MatchingProblem(x, row_mask, col_mask), solver).plan, score)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('seed', range(4))
def test_gradient_of_the_finite_iteration(backend, seed):
    generator = torch.Generator().manual_seed(seed)
    score = (torch.rand(2, 4, 5, generator=generator, dtype=torch.float64) - 0.2).requires_grad_()
    col_mask = torch.rand(2, 5, generator=generator) < 0.8
    solver = ProjectedGradient(steps=3, step_size=0.4, cycles=2, backend=backend)
    assert torch.autograd.gradcheck(lambda x: solve(MatchingProblem(x, None, col_mask), solver).plan, score)


def test_many_cycles_converge_to_the_exact_projection():
    score = random_points(3, 3, 6, 7)
    exact = solve(MatchingProblem(score), ProjectedGradient(gradient='implicit')).plan
    cyclic = solve(MatchingProblem(score), ProjectedGradient(cycles=300)).plan
    torch.testing.assert_close(cyclic, exact, atol=1e-6, rtol=0)


def test_ties_have_a_plan_and_a_finite_gradient():
    """All links equally good: the plan is spread evenly, and the gradient on the border between pieces is finite."""
    for backend in BACKENDS:
        score = torch.full((1, 4, 4), 0.5, dtype=torch.float64, requires_grad=True)
        plan = solve(MatchingProblem(score), ProjectedGradient(gradient='implicit', backend=backend)).plan
        torch.testing.assert_close(plan, torch.full_like(plan, 0.25))
        plan[0, 0, 0].backward()
        assert torch.isfinite(score.grad).all()


def hard_problems(count: int, seed: int):
    """Problems of mixed sizes from 1 to 40, rectangular and masked."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count // 20):
        rows, columns = torch.randint(1, 41, (2,), generator=generator).tolist()
        score = torch.rand(20, rows, columns, generator=generator, dtype=torch.float64) - 0.3
        row_mask = torch.rand(20, rows, generator=generator) < 0.9
        col_mask = torch.rand(20, columns, generator=generator) < 0.9
        yield MatchingProblem(score, row_mask, col_mask)


@pytest.mark.skipif('compiled' not in BACKENDS, reason='the ops were not built; the reference takes minutes')
def test_pairs_of_many_exact_steps_are_the_optimum():
    """At least 99.9 % of 1,000 random problems; scores are continuous, so the optimum is unique."""
    shares = []
    for steps in (10, 1000):
        right = 0
        for problem in hard_problems(1000, seed=0):
            best = solve(problem, Hungarian()).plan
            found = torch.zeros_like(best)
            pairs = solve(problem, ProjectedGradient(steps=steps, step_size=10.0, gradient='implicit')).pairs()
            found[tuple(pairs.T)] = 1
            right += (found == best).flatten(1).all(1).sum().item()
        shares.append(right / 1000)
    assert shares[0] < shares[1]
    assert shares[1] >= 0.999


@pytest.mark.parametrize('backend', BACKENDS)
def test_the_paper_mode_violates_little_at_its_defaults(backend):
    count = 200 if backend == 'compiled' else 40
    worst = max(
        solve(problem, ProjectedGradient(backend=backend)).residual.max().item()
        for problem in hard_problems(count, seed=1)
    )
    assert worst <= 1e-3
