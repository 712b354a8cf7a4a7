"""A problem refuses invalid arguments and masks padding out."""

import pytest
import torch

from mmhparse.matching import MatchingProblem


def test_masks_default_to_all_true():
    problem = MatchingProblem(torch.rand(2, 3, 4))
    assert problem.row_mask.shape == (2, 3)
    assert problem.col_mask.shape == (2, 4)
    assert problem.mask.all()
    assert len(problem) == 2


def test_padding_has_a_score_of_0_even_if_it_is_nan():
    score = torch.ones(1, 2, 2)
    score[0, 1] = torch.nan
    problem = MatchingProblem(score, row_mask=torch.tensor([[True, False]]))
    assert problem.masked_score.tolist() == [[[1, 1], [0, 0]]]


@pytest.mark.parametrize('wrong', [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize('place', [0, 7, 23])
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_one_entry_that_is_not_finite_is_found(wrong, place, dtype):
    score = torch.rand(2, 3, 4).to(dtype)
    score[0, 0, 1] = torch.finfo(dtype).max  # as great as it may be, yet finite
    MatchingProblem(score)
    score.view(-1)[place] = wrong
    with pytest.raises(ValueError, match='NaN or infinity'):
        MatchingProblem(score)


def test_a_problem_without_entries_is_finite():
    assert MatchingProblem(torch.zeros(2, 0, 3)).masked_score.shape == (2, 0, 3)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(score=torch.rand(3, 4)), r'score must be .* \(B, N, M\)'),
        (dict(score=torch.ones(1, 2, 2, dtype=torch.long)), 'floating point'),
        (dict(score=torch.rand(1, 2, 3), row_mask=torch.ones(1, 3, dtype=torch.bool)), r'row_mask must be .* \(1, 2\)'),
        (dict(score=torch.rand(1, 2, 3), col_mask=torch.ones(1, 3)), 'col_mask must be a bool tensor'),
        (dict(score=torch.full((1, 2, 2), torch.inf)), 'NaN or infinity'),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        MatchingProblem(**arguments)
