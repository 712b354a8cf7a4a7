"""The area below the envelope, by hand."""

import numpy as np
import pytest

from mmhparse.evaluation.functional import average_precision, rank


@pytest.mark.parametrize(
    ('hits', 'num_true', 'expected'),
    [
        ([1, 1], 2, 1.0),
        ([0, 1], 1, 1 / 2),
        ([1, 0, 1], 2, 1 / 2 + 1 / 2 * 2 / 3),
        ([0, 1, 1], 2, 2 / 3),  # the envelope lifts 1/2 to 2/3
        ([0, 1, 1, 0, 1, 1], 4, 4 / 6),
        ([1, 1, 0, 1, 1, 1], 5, 2 / 5 + 3 / 5 * 5 / 6),
        ([1], 4, 1 / 4),  # recall that nothing reaches gives 0
        ([1, 1], 1, 2.0),  # duplicates that count as right
        ([0, 0], 3, 0.0),
        ([], 3, 0.0),
    ],
)
def test_by_hand(hits, num_true, expected):
    assert average_precision(np.array(hits, bool), num_true) == pytest.approx(expected, abs=1e-12)


def test_nothing_to_find_is_undefined():
    assert np.isnan(average_precision(np.array([False]), 0))


@pytest.mark.parametrize('hits', [[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1]])
def test_tied_scores_enter_in_one_step(hits):
    # two of score 0.9, one of them right, then two of 0.5, one right: precision 1/2 at both steps
    scores = np.array([0.9, 0.9, 0.5, 0.5])
    assert average_precision(np.array(hits, bool), 2, scores) == pytest.approx(1 / 2)


def test_rank():
    scores = np.array([0.5, np.nan, 0.9, 0.5, 0.9])
    np.testing.assert_array_equal(rank(scores, 'listed_first'), [2, 4, 0, 3, 1])
    np.testing.assert_array_equal(rank(scores, 'together'), [2, 4, 0, 3, 1])
    np.testing.assert_array_equal(rank(scores, 'together', np.array([0.1, 0.9, 0.1, 0.3, 0.2])), [4, 2, 3, 0, 1])
    np.testing.assert_array_equal(rank(scores[[0, 2, 3, 4]], 'listed_last'), [3, 1, 2, 0])
    with pytest.raises(ValueError, match="'listed_last' or 'together', got 'random'"):
        rank(scores, 'random')
