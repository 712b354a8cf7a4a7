"""Solvers against brute force, against each other, and against what a matching must be."""

from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.matching import Hungarian, MatchingProblem, ProjectedGradient, solve
from mmhparse.registry import TASK_UTILS

SOLVERS = [Hungarian(), ProjectedGradient(), ProjectedGradient(steps=3, step_size=0.1, cycles=2)]


def brute_force(score: torch.Tensor) -> float:
    """Value of the best matching: all ways to give rows distinct columns, where a loss is not made."""
    rows, columns = score.shape
    if rows > columns:
        return brute_force(score.T)
    gain = score.clamp(min=0)
    return max(
        sum(gain[row, column].item() for row, column in enumerate(p)) for p in permutations(range(columns), rows)
    )


def random_problem(seed: int, batch: int = 6, rows: int = 5, columns: int = 6) -> MatchingProblem:
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand(batch, rows, columns, generator=generator, dtype=torch.float64) - 0.4
    row_mask = torch.rand(batch, rows, generator=generator) < 0.8
    col_mask = torch.rand(batch, columns, generator=generator) < 0.8
    return MatchingProblem(score, row_mask, col_mask)


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 5))
def test_hungarian_is_the_best_of_all_matchings(seed, rows, columns):
    problem = random_problem(seed, 1, rows, columns)
    value = (solve(problem, Hungarian()).plan * problem.masked_score).sum()
    assert value.item() == pytest.approx(brute_force(problem.masked_score[0]), abs=1e-9)


@pytest.mark.parametrize('seed', range(3))
def test_projected_gradient_reaches_the_optimum(seed):
    problem = random_problem(seed)
    result = solve(problem, ProjectedGradient(steps=60, step_size=1.0, cycles=30))
    value = (result.plan * problem.masked_score).sum((1, 2))
    best = (solve(problem, Hungarian()).plan * problem.masked_score).sum((1, 2))
    torch.testing.assert_close(value, best, atol=5e-3, rtol=0)


@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('seed', range(5))
def test_pairs_are_one_to_one_and_worth_making(solver, seed):
    problem = random_problem(seed)
    pairs = solve(problem, solver).pairs()
    assert pairs.dtype == torch.long
    assert pairs.shape[1] == 3
    for columns in ([0, 1], [0, 2]):
        assert len(pairs[:, columns].unique(dim=0)) == len(pairs)
    assert problem.mask[tuple(pairs.T)].all()
    assert (problem.score[tuple(pairs.T)] > 0).all()
    assert pairs.tolist() == sorted(pairs.tolist())


@pytest.mark.parametrize('seed', range(3))
def test_pairs_of_a_solved_relaxation_are_the_optimum(seed):
    problem = random_problem(seed)
    solved = solve(problem, ProjectedGradient(steps=60, step_size=1.0, cycles=30)).pairs()
    assert solved.tolist() == solve(problem, Hungarian()).pairs().tolist()


@pytest.mark.parametrize('solver', SOLVERS)
def test_diagnosis_tells_the_truth(solver):
    result = solve(random_problem(3), solver)
    plan = result.plan
    worst = torch.stack([plan.sum(2).amax(1) - 1, plan.sum(1).amax(1) - 1, -plan.amin((1, 2))]).amax(0).clamp(min=0)
    torch.testing.assert_close(result.residual, worst)
    assert result.residual.max() < 1e-2
    assert result.converged.shape == (len(plan),)
    assert result.iterations > 0


def test_converged_means_that_more_steps_change_nothing():
    problem = MatchingProblem(torch.tensor([[[0.6, -0.2], [0.1, 0.5]], [[0.0101, 0.01], [0.01, 0.0101]]]))
    result = solve(problem, ProjectedGradient(steps=20, step_size=0.5))
    more = solve(problem, ProjectedGradient(steps=400, step_size=0.5))
    assert result.converged.tolist() == [True, False]
    torch.testing.assert_close(result.plan[0], more.plan[0])
    assert not torch.allclose(result.plan[1], more.plan[1], atol=1e-2)


def test_losses_are_never_linked():
    problem = MatchingProblem(-torch.rand(2, 3, 4))
    for solver in SOLVERS:
        result = solve(problem, solver)
        assert (result.plan == 0).all()
        assert len(result.pairs()) == 0


def test_before_any_constraint_binds_the_plan_is_the_sum_of_steps():
    score = torch.full((1, 3, 4), 0.02)
    plan = solve(MatchingProblem(score), ProjectedGradient(steps=10, step_size=0.5)).plan
    torch.testing.assert_close(plan, 10 * 0.5 * score)


@pytest.mark.parametrize('solver', SOLVERS)
def test_padding_changes_nothing(solver):
    problem = random_problem(0)
    padded = torch.full((6, 8, 9), 7.0, dtype=torch.float64)
    padded[:, :5, :6] = problem.score
    row_mask, col_mask = torch.zeros(6, 8, dtype=torch.bool), torch.zeros(6, 9, dtype=torch.bool)
    row_mask[:, :5], col_mask[:, :6] = problem.row_mask, problem.col_mask
    plan = solve(MatchingProblem(padded, row_mask, col_mask), solver).plan
    # the column projection divides by how many entries are active, never by the padded length
    torch.testing.assert_close(plan[:, :5, :6], solve(problem, solver).plan)
    assert plan[:, 5:].abs().sum() == plan[:, :, 6:].abs().sum() == 0


@pytest.mark.parametrize('solver', SOLVERS)
def test_order_of_rows_and_columns_does_not_matter(solver):
    problem = random_problem(1)
    rows, columns = torch.randperm(5), torch.randperm(6)
    shuffled = MatchingProblem(
        problem.score[:, rows][:, :, columns], problem.row_mask[:, rows], problem.col_mask[:, columns]
    )
    torch.testing.assert_close(solve(shuffled, solver).plan, solve(problem, solver).plan[:, rows][:, :, columns])


def test_gradient_of_the_finite_iteration():
    problem = random_problem(2, batch=2, rows=3, columns=4)

    def plan(score):
        return solve(MatchingProblem(score, problem.row_mask, problem.col_mask), ProjectedGradient(4, 0.3, 3)).plan

    assert torch.autograd.gradcheck(plan, problem.score.clone().requires_grad_())


def test_half_precision_is_solved_in_float32():
    score = torch.rand(1, 3, 3)
    plan = solve(MatchingProblem(score.bfloat16()), ProjectedGradient()).plan
    assert plan.dtype == torch.float32
    torch.testing.assert_close(plan, solve(MatchingProblem(score.bfloat16().float()), ProjectedGradient()).plan)


@pytest.mark.parametrize('shape', [(0, 3, 4), (2, 0, 4), (2, 3, 0)])
@pytest.mark.parametrize('solver', SOLVERS)
def test_empty_problems(shape, solver):
    result = solve(MatchingProblem(torch.zeros(shape)), solver)
    assert result.plan.shape == shape
    assert result.residual.shape == (shape[0],)
    assert result.pairs().shape == (0, 3)


def test_only_solvers_solve():
    problem = random_problem(0)
    with pytest.raises(TypeError, match=r'instance, e.g. ProjectedGradient\(\)'):
        solve(problem, ProjectedGradient)
    with pytest.raises(ValueError, match='steps must be a positive whole number'):
        ProjectedGradient(steps=0)


def test_configs_build_solvers_by_type():
    assert TASK_UTILS.build(dict(type='ProjectedGradient', steps=3)) == ProjectedGradient(steps=3)
    assert TASK_UTILS.build(dict(type='Hungarian')) == Hungarian()


@pytest.mark.parametrize(
    ('problem', 'solver', 'message'),
    [
        (torch.ones(1, 2, 2), Hungarian(), r'problem must be a MatchingProblem\(score\), got Tensor'),
        (Hungarian(), random_problem(0), r'problem must be a MatchingProblem\(score\), got Hungarian'),
        (random_problem(0), ProjectedGradient, 'solver must be an instance.*ProjectedGradient'),
        (random_problem(0), random_problem(0), '^solver must be an instance.*got a MatchingProblem.$'),
    ],
    ids=['scores', 'swapped', 'class', 'problem'],
)
def test_other_arguments_are_named(problem, solver, message):
    with pytest.raises(TypeError, match=message):
        solve(problem, solver)
