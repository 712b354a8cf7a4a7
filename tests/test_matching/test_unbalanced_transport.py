"""Unbalanced transport against its objective, closed forms, plain-domain scaling and the exact matching."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import LinearConstraint, minimize
from transport_problems import FORMS, SOLVERS, plan_and_gradient, random_problem

from mmhparse.matching import Hungarian, MatchingProblem
from mmhparse.matching.sinkhorn import TransportProblem, sinkhorn
from mmhparse.matching.unbalanced_transport import UnbalancedTransport


def negative_entropy(p: np.ndarray) -> float:
    return (p * np.log(p) - p).sum()


def test_relaxed_plan_is_the_maximiser_found_by_a_generic_optimiser():
    epsilon, rho = 0.2, 0.5
    score = np.random.default_rng(0).uniform(-0.5, 0.3, (3, 4))
    price = (epsilon + 2 * rho) * math.log(2)

    def objective(log_plan):
        plan = np.exp(log_plan.reshape(3, 4))
        sums = np.concatenate([plan.sum(0), plan.sum(1)])
        divergence = (sums * np.log(sums) - sums + 1).sum()
        return ((price - score) * plan).sum() + epsilon * negative_entropy(plan) + rho * divergence

    answer = minimize(objective, np.full(12, -1.0), method='BFGS', options=dict(gtol=1e-9))
    plan = UnbalancedTransport(epsilon, rho, sweeps=300).solve(MatchingProblem(torch.from_numpy(score)[None])).plan
    np.testing.assert_allclose(plan[0].numpy(), np.exp(answer.x.reshape(3, 4)), atol=1e-6)


def test_dustbin_plan_is_the_maximiser_found_by_a_generic_optimiser():
    epsilon = 0.3
    score = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 3))
    gain = np.pad(score, ((0, 1), (0, 1))).ravel()
    sums = np.vstack([np.kron(np.eye(3), np.ones(4)), np.kron(np.ones(3), np.eye(4))])
    masses = np.array([1, 1, 3, 1, 1, 1, 2])
    answer = minimize(
        lambda p: epsilon * negative_entropy(p) - gain @ p,
        np.outer(masses[:3], masses[3:]).ravel() / 5,
        jac=lambda p: epsilon * np.log(p) - gain,
        method='SLSQP',
        bounds=[(1e-9, None)] * 12,
        constraints=LinearConstraint(sums[:-1], masses[:-1], masses[:-1]),
        options=dict(ftol=1e-14, maxiter=500),
    )
    solver = UnbalancedTransport(epsilon, marginals='dustbin', sweeps=300)
    plan = solver.solve(MatchingProblem(torch.from_numpy(score)[None])).plan[0]
    np.testing.assert_allclose(plan.numpy(), answer.x.reshape(3, 4)[:2, :3], atol=1e-6)


def test_iterations_are_the_scaling_algorithm_of_the_plain_domain():
    """u = (a / Gv)^tau and likewise v, on the 2 x 2 example of POT's documentation and on other masses."""
    generator = np.random.default_rng(0)
    cases = [
        (np.array([[0.0, 1], [1, 0]]), np.array([0.5, 0.5]), np.array([0.5, 0.5]), 1.0, 1.0),
        (generator.random((3, 4)), generator.random(3) + 0.1, generator.random(4) + 0.1, 0.4, 0.7),
    ]
    for cost, a, b, epsilon, rho in cases:
        kernel, tau = np.outer(a, b) * np.exp(-cost / epsilon), rho / (rho + epsilon)
        v = np.ones(len(b))
        for _ in range(6):
            u = (a / (kernel @ v)) ** tau
            v = (b / (kernel.T @ u)) ** tau
        log_a, log_b = torch.from_numpy(a).log()[None, :, None], torch.from_numpy(b).log()[None, None]
        transport = TransportProblem(log_a + log_b - torch.from_numpy(cost) / epsilon, log_a, log_b, tau)
        potentials = sinkhorn(transport, 6, stop_when_converged=False)
        plan = (transport.log_kernel + potentials.f + potentials.g).exp()[0].numpy()
        np.testing.assert_allclose(plan, u[:, None] * kernel * v, rtol=1e-12)
        if len(a) == 2:
            potentials = sinkhorn(transport, 60, stop_when_converged=True)
            converged = (transport.log_kernel + potentials.f + potentials.g).exp()[0]
            np.testing.assert_allclose(converged, [[0.3220536, 0.1184769], [0.1184769, 0.3220536]], atol=1e-7)


@pytest.mark.parametrize('score', [-0.7, -0.1, 0.0, 0.2, 0.9])
def test_an_isolated_pair_has_its_closed_form_and_one_half_at_score_0(score):
    problem = MatchingProblem(torch.full((1, 1, 1), score, dtype=torch.float64))
    relaxed = UnbalancedTransport(0.1, 0.3, sweeps=200).solve(problem).plan.item()
    dustbin = UnbalancedTransport(0.1, marginals='dustbin', sweeps=2000, gradient='implicit').solve(problem).plan.item()
    assert relaxed == pytest.approx(min(math.exp(score / 0.7) / 2, 1), abs=1e-9)
    assert dustbin == pytest.approx(1 / (1 + math.exp(-score / 0.2)), abs=1e-9)


def test_dustbin_masses_are_those_of_the_real_rows_and_columns():
    """Real sums stay below 1 and both bins take the rest: exactly what the added row and column can hold."""
    problem = random_problem(3)
    transport = UnbalancedTransport(marginals='dustbin')._with_dustbins(problem)
    potentials = sinkhorn(transport, 1000, stop_when_converged=True)
    whole = (transport.log_kernel + potentials.f + potentials.g).exp()
    rows, columns = problem.row_mask.double(), problem.col_mask.double()
    expected_rows = torch.cat([rows, columns.sum(1, keepdim=True)], 1)
    expected_columns = torch.cat([columns, rows.sum(1, keepdim=True)], 1)
    torch.testing.assert_close(whole.sum(2), expected_rows, atol=1e-9, rtol=0)
    torch.testing.assert_close(whole.sum(1), expected_columns, atol=1e-9, rtol=0)


@pytest.mark.parametrize('seed', range(4))
def test_little_entropy_with_dustbins_gives_the_best_matching(seed):
    problem = random_problem(seed, batch=8, rows=7, columns=6)
    result = UnbalancedTransport(0.004, marginals='dustbin', gradient='implicit', sweeps=3000).solve(problem)
    exact = Hungarian().solve(problem)
    assert result.pairs().tolist() == exact.pairs().tolist()
    value, best = ((r.plan * problem.masked_score).sum((1, 2)) for r in (result, exact))
    torch.testing.assert_close(value, best, atol=0.03, rtol=0)


@pytest.mark.parametrize('solver', SOLVERS)
def test_float32_follows_float64(solver):
    problem = random_problem(5)
    weight = torch.randn(problem.score.shape, dtype=torch.float64)
    single = MatchingProblem(problem.score.float(), problem.row_mask, problem.col_mask)
    low, high = plan_and_gradient(single, solver, weight.float()), plan_and_gradient(problem, solver, weight)
    torch.testing.assert_close([each.double() for each in low], list(high), atol=5e-4, rtol=0)


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('epsilon', [0.1, 0.02])
def test_converged_means_that_more_sweeps_change_nothing(form, epsilon):
    """rho much larger than epsilon, and dustbins with little entropy, converge slowly: many small updates."""
    problem = random_problem(4)
    converged = UnbalancedTransport(epsilon, 2.0, form, 'implicit', 20_000).solve(problem)
    seen = set()
    for sweeps in (1, 10, 40, 160, 640):
        result = UnbalancedTransport(epsilon, 2.0, form, sweeps=sweeps).solve(problem)
        assert result.iterations == sweeps
        torch.testing.assert_close(result.plan[result.converged], converged.plan[result.converged], atol=3e-4, rtol=0)
        seen.update(result.converged.tolist())
    assert seen == {False, True}


def test_error_is_how_far_the_potentials_still_go():
    """An iteration removes only a hundredth of the error here: the last update alone would be far too optimistic."""
    transport = UnbalancedTransport(0.02, 4.0)._relaxed(random_problem(0, batch=1))
    converged = sinkhorn(transport, 5000, stop_when_converged=True)
    for sweeps in (300, 1000):
        potentials = sinkhorn(transport, sweeps, stop_when_converged=False)
        distance = (potentials.g - converged.g).abs().amax()
        assert potentials.error.item() == pytest.approx(distance.item(), rel=0.01)


def test_implicit_stops_when_converged_and_says_so():
    result = UnbalancedTransport(gradient='implicit', sweeps=1000).solve(random_problem(0))
    assert result.converged.all()
    assert result.iterations < 100
    assert not UnbalancedTransport(gradient='implicit', sweeps=2).solve(random_problem(0)).converged.any()


@pytest.mark.parametrize('solver', SOLVERS)
def test_diagnosis_tells_the_truth(solver):
    result = solver.solve(random_problem(3))
    plan = result.plan
    worst = torch.stack([plan.sum(2).amax(1) - 1, plan.sum(1).amax(1) - 1, -plan.amin((1, 2))]).amax(0).clamp(min=0)
    torch.testing.assert_close(result.residual, worst)
    assert plan.min() >= 0
    assert plan.max() <= 1
    assert solver.marginals == 'relaxed' or result.residual.max() < 1e-3


@pytest.mark.parametrize('solver', SOLVERS)
def test_padding_and_neighbours_change_nothing(solver):
    problem = random_problem(0)
    padded = torch.full((8, 8, 9), 7.0, dtype=torch.float64)
    padded[:6, :5, :6] = problem.score
    padded[6:] = torch.rand(2, 8, 9) * 3
    row_mask, col_mask = torch.zeros(8, 8, dtype=torch.bool), torch.zeros(8, 9, dtype=torch.bool)
    row_mask[:6, :5], col_mask[:6, :6] = problem.row_mask, problem.col_mask
    row_mask[6:] = col_mask[6:] = True
    weight = torch.randn(8, 8, 9, dtype=torch.float64)
    plan, gradient = plan_and_gradient(problem, solver, weight[:6, :5, :6])
    more = plan_and_gradient(MatchingProblem(padded, row_mask, col_mask), solver, weight)
    torch.testing.assert_close([each[:6, :5, :6] for each in more], [plan, gradient], atol=1e-10, rtol=0)
    for each in more:
        assert (each[:6, 5:] == 0).all()
        assert (each[:6, :, 6:] == 0).all()


def test_a_converged_problem_stops_before_the_others_of_its_batch():
    score = torch.rand(2, 5, 5, generator=torch.Generator().manual_seed(0)) * torch.tensor([0.5, 2])[:, None, None]
    transports = [UnbalancedTransport()._with_dustbins(MatchingProblem(each)) for each in (score[:1], score)]
    alone, both = (sinkhorn(transport, 1000, stop_when_converged=True) for transport in transports)
    assert alone.iterations < both.iterations
    torch.testing.assert_close(both.g[:1], alone.g, atol=1e-6, rtol=0)


@pytest.mark.parametrize('solver', SOLVERS)
def test_order_of_rows_and_columns_does_not_matter(solver):
    problem = random_problem(1)
    rows, columns = torch.randperm(5), torch.randperm(6)
    shuffled = MatchingProblem(
        problem.score[:, rows][:, :, columns], problem.row_mask[:, rows], problem.col_mask[:, columns]
    )
    torch.testing.assert_close(solver.solve(shuffled).plan, solver.solve(problem).plan[:, rows][:, :, columns])


@pytest.mark.parametrize('solver', SOLVERS)
def test_rows_and_columns_are_treated_alike(solver):
    problem = random_problem(1)
    turned = MatchingProblem(problem.score.mT, problem.col_mask, problem.row_mask)
    many = UnbalancedTransport(marginals=solver.marginals, gradient=solver.gradient, sweeps=500)
    torch.testing.assert_close(many.solve(turned).plan.mT, many.solve(problem).plan)


@pytest.mark.parametrize('solver', SOLVERS)
def test_same_answer_each_time(solver):
    problem, weight = random_problem(6), torch.rand(6, 5, 6)
    first, second = (plan_and_gradient(problem, solver, weight) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('seed', range(3))
def test_pairs_are_one_to_one_and_worth_making(solver, seed):
    problem = random_problem(seed)
    pairs = solver.solve(problem).pairs()
    assert len(pairs) > 0
    for columns in ([0, 1], [0, 2]):
        assert len(pairs[:, columns].unique(dim=0)) == len(pairs)
    assert problem.mask[tuple(pairs.T)].all()
    assert (problem.score[tuple(pairs.T)] > 0).all()


@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_solved_in_float32(solver, dtype):
    score = torch.rand(1, 3, 3).to(dtype).requires_grad_()
    plan = solver.solve(MatchingProblem(score)).plan
    assert plan.dtype == torch.float32
    torch.testing.assert_close(plan, solver.solve(MatchingProblem(score.float())).plan)
    (gradient,) = torch.autograd.grad(plan.sum(), score)
    assert gradient.dtype == dtype


@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('shape', [(0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 0, 0)])
def test_empty_problems(solver, shape):
    result = solver.solve(MatchingProblem(torch.zeros(shape, requires_grad=True)))
    result.plan.sum().backward()
    assert result.plan.shape == shape
    assert result.residual.shape == result.converged.shape == (shape[0],)
    assert result.pairs().shape == (0, 3)


@pytest.mark.parametrize('solver', SOLVERS)
def test_problems_without_rows_or_columns_have_no_plan_and_no_gradient(solver):
    """NaN at padding must not leak either."""
    score = torch.full((3, 2, 3), torch.nan)
    score[2] = 0.5
    row_mask, col_mask = torch.ones(3, 2, dtype=torch.bool), torch.ones(3, 3, dtype=torch.bool)
    row_mask[0], col_mask[1] = False, False
    plan, gradient = plan_and_gradient(MatchingProblem(score, row_mask, col_mask), solver, torch.ones(3, 2, 3))
    assert (plan[:2] == 0).all()
    assert (gradient[:2] == 0).all()
    assert (plan[2] > 0).all()
    assert gradient[2].isfinite().all()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('epsilon', [0.1, 1e-3, 1e-6])
def test_extreme_scores_stay_finite(solver, epsilon, dtype):
    score = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=dtype) * 1e3
    extreme = UnbalancedTransport(epsilon, 0.3, solver.marginals, solver.gradient, 20)
    row_mask = torch.tensor([[True] * 4, [True, False, True, True], [False] * 4])
    plan, gradient = plan_and_gradient(MatchingProblem(score, row_mask), extreme, torch.ones(3, 4, 5, dtype=dtype))
    assert plan.isfinite().all()
    assert plan.min() >= 0
    assert plan.max() <= 1
    assert gradient.isfinite().all()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(epsilon=0), 'epsilon must be a positive number, got 0'),
        (dict(epsilon=math.nan), 'epsilon must be a positive number'),
        (dict(rho=-1), 'rho must be a positive number'),
        (dict(rho=math.inf), 'rho must be a positive number'),
        (dict(sweeps=0), 'sweeps must be a positive whole number'),
        (dict(sweeps=2.5), 'sweeps must be a positive whole number'),
        (dict(marginals='hard'), r"marginals must be one of \('relaxed', 'dustbin'\), got 'hard'"),
        (dict(gradient='none'), 'gradient must be one of'),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        UnbalancedTransport(**options)
