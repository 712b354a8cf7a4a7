"""Problems as lists of links have the plans and matchings of the tables of all pairs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.matching import (
    Greedy,
    Hungarian,
    LinkProblem,
    MatchingProblem,
    ProjectedGradient,
    made_links,
    solve,
    solve_links,
)


def listed(problem: MatchingProblem) -> LinkProblem:
    links = problem.mask.nonzero()
    return LinkProblem(links, problem.score[tuple(links.T)], tuple(problem.score.shape))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    shape=st.tuples(st.integers(1, 3), st.integers(0, 9), st.integers(0, 9)),
    shift=st.sampled_from([-1.5, -0.8, 0.0]),
    solver=st.sampled_from([Hungarian(), Greedy(), ProjectedGradient(steps=30)]),
)
def test_a_list_of_all_pairs_is_solved_as_their_table(seed, shape, shift, solver):
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(shape, generator=generator) + shift
    masks = (torch.rand(shape[0], length, generator=generator) < 0.8 for length in shape[1:])
    table = MatchingProblem(score, *masks)
    problem, result = listed(table), solve(table, solver)
    plan = solve_links(problem, solver)
    torch.testing.assert_close(plan, result.plan[tuple(problem.links.T)], rtol=0, atol=1e-6)
    assert torch.equal(problem.links[made_links(problem, plan)], result.pairs())


@pytest.mark.parametrize('solver', [Hungarian(), Greedy(), ProjectedGradient(steps=30)])
def test_pairs_that_are_not_listed_are_not_linked(solver):
    """Row 1 may only take column 0, which row 0 wants more: row 0 moves on to column 1 if that gains in total."""
    links = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 1, 0]])
    problem = LinkProblem(links, torch.tensor([0.5, 0.4, 0.3]), (1, 2, 3))
    plan = solve_links(problem, solver)
    assert plan.shape == (3,)
    if isinstance(solver, Greedy):
        assert made_links(problem, plan).tolist() == [0]
    else:
        assert made_links(problem, plan).tolist() == [1, 2]
    assert problem.table().row_mask.tolist() == [[True, True]]
    assert problem.table().col_mask.tolist() == [[True, True, False]]


def test_wrong_lists_are_refused():
    with pytest.raises(ValueError, match=r'links \(E, 3\)'):
        LinkProblem(torch.zeros(2, 2, dtype=torch.long), torch.zeros(2), (1, 2, 2))
    with pytest.raises(ValueError, match='NaN'):
        LinkProblem(torch.zeros(1, 3, dtype=torch.long), torch.tensor([float('nan')]), (1, 2, 2))
