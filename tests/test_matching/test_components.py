"""Large problems are solved by their components, and nothing changes but the time."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from mmhparse.matching import MatchingProblem, ProjectedGradient, assignment, projected_gradient, solve
from mmhparse.matching.components import solve_components
from mmhparse.matching.result import assign


def sparse_scores(seed, shape, density):
    """Scores of which so many are above 0, some of them 0 exactly."""
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand(shape, generator=generator)
    positive = torch.rand(shape, generator=generator) < density
    return torch.where(positive, score, (-score + 0.1).clamp(max=0))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    shape=st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 12)),
    density=st.sampled_from([0.0, 0.05, 0.15, 0.5]),
)
def test_components_have_the_plan_of_the_whole(seed, shape, density):
    score = sparse_scores(seed, shape, density)
    for options in (ProjectedGradient(steps=20), ProjectedGradient(steps=20, gradient='implicit')):
        plan, change = options._run(score) if score.numel() else (torch.zeros_like(score), torch.zeros(shape[0]))
        split, summed = solve_components(score, options._run)
        torch.testing.assert_close(split, plan, rtol=0, atol=1e-6)
        torch.testing.assert_close(summed, change, rtol=0, atol=1e-5)


def test_a_large_sparse_problem_falls_apart_only_without_a_gradient(monkeypatch):
    sizes = []
    monkeypatch.setattr(
        projected_gradient, 'solve_components', lambda score, run: sizes.append(score.shape) or run(score)
    )
    score = sparse_scores(0, (2, 80, 70), 0.02)
    solve(MatchingProblem(score), ProjectedGradient())
    assert sizes == [(2, 80, 70)]
    solve(MatchingProblem(score[:, :30]), ProjectedGradient())
    plan = solve(MatchingProblem(score.clone().requires_grad_()), ProjectedGradient()).plan
    solve(MatchingProblem(sparse_scores(0, (2, 80, 70), 0.2)), ProjectedGradient())
    assert len(sizes) == 1 and plan.requires_grad


def test_work_grows_with_the_links_and_not_with_the_square():
    """Of a hundred pairs of people each in a place of its own, all that is solved are a hundred small problems."""
    solved = []

    def counting(score):
        solved.append(score.numel())
        return ProjectedGradient(steps=20)._run(score)

    for people in (100, 200, 400):
        score = -torch.ones(1, people, people)
        score[0].fill_diagonal_(0.5)
        score[0].diagonal(1)[::2] = 0.2
        plan, _ = solve_components(score, counting)
        torch.testing.assert_close(plan[0].diagonal(), torch.ones(people), rtol=0, atol=1e-3)
    assert [cells / people for cells, people in zip(solved, (100, 200, 400), strict=True)] == pytest.approx([8, 8, 8])


def test_tables_of_the_assignment_grow_with_the_links_and_not_with_the_square():
    """Pairs of people who compete for one joint need a table of 2 x 2 each, and whoever stands alone needs none."""
    for people in (100, 200, 400):
        own = torch.arange(people)
        rows, columns = torch.cat([own, own[: people // 2 : 2]]), torch.cat([own, own[: people // 2 : 2] + 1])
        links = torch.stack([torch.zeros_like(rows), rows, columns], dim=1)
        gain = torch.where(rows == columns, 0.5, 0.2)
        with patch.object(assignment, 'linear_sum_assignment', wraps=linear_sum_assignment) as solver:
            assert torch.equal(assignment.best_links(links, gain, (1, people, people)), own)
        assert [call.args[0].shape for call in solver.call_args_list] == people // 4 * [(2, 2)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**16), shape=st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)))
def test_component_by_component_the_links_are_those_of_the_assignment(seed, shape):
    gain = sparse_scores(seed, shape, 0.25).clamp(min=0)
    links = assign(gain)
    for problem, table in enumerate(gain.double().numpy()):
        rows, columns = linear_sum_assignment(table, maximize=True)
        wanted = [(r, c) for r, c in zip(rows, columns, strict=True) if table[r, c] > 0]
        found = links[links[:, 0] == problem, 1:].numpy()
        assert found.tolist() == np.array(wanted, int).reshape(-1, 2).tolist()
