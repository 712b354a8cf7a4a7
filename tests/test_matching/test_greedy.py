"""Greedy against its definition, and against the optimum."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.matching import Greedy, Hungarian, MatchingProblem, solve


def greedy_by_definition(score: list[list[float]]) -> set[tuple[int, int]]:
    """Goes through all links, best first, and makes those whose ends are free."""
    links = sorted(((value, i, j) for i, row in enumerate(score) for j, value in enumerate(row)), reverse=True)
    made: set[tuple[int, int]] = set()
    for value, i, j in links:
        if value > 0 and all(i != row and j != column for row, column in made):
            made.add((i, j))
    return made


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 7))
def test_makes_the_best_free_link_first(seed, rows, columns):
    score = torch.rand(3, rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 0.4
    pairs = solve(MatchingProblem(score), Greedy()).pairs().tolist()
    for index, table in enumerate(score.tolist()):
        assert {(i, j) for problem, i, j in pairs if problem == index} == greedy_by_definition(table)


@given(st.integers(0, 10**6))
def test_gains_at_least_half_of_the_optimum(seed):
    problem = MatchingProblem(torch.rand(4, 6, 5, generator=torch.Generator().manual_seed(seed)) - 0.3)
    greedy, best = ((solve(problem, solver).plan * problem.score).sum((1, 2)) for solver in (Greedy(), Hungarian()))
    assert (greedy <= best + 1e-6).all()
    assert (2 * greedy >= best - 1e-6).all()


def test_takes_the_best_link_where_two_others_together_are_better():
    problem = MatchingProblem(torch.tensor([[[1.0, 0.9], [0.8, 0.1]]]))
    assert solve(problem, Greedy()).pairs().tolist() == [[0, 0, 0], [0, 1, 1]]
    assert solve(problem, Hungarian()).pairs().tolist() == [[0, 0, 1], [0, 1, 0]]


def test_padding_and_empty_problems_stay_empty():
    score = torch.ones(1, 2, 2)
    masked = MatchingProblem(score, row_mask=torch.tensor([[False, True]]))
    assert solve(masked, Greedy()).pairs()[:, 1].tolist() == [1]
    assert solve(MatchingProblem(torch.zeros(2, 0, 3)), Greedy()).plan.shape == (2, 0, 3)
