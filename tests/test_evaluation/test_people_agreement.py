"""people_agreement: exact small cases, and every number against its definition on masks."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmhparse.evaluation.functional import LEAST_IOU, PeopleMaps, people_agreement

CLASSES = 4
NOBODY = PeopleMaps(np.zeros((1, 7), int), np.zeros((1, 7), int))


def row(parts, persons):
    """People in an image of one row."""
    return PeopleMaps(np.array([parts]), np.array([persons]))


def test_an_exact_case():
    """A pair shares 4 of 5 pixels, 3 of them as the same part; the first has another person alone: 1 - 2 (3/5) / 3."""
    first = row([1, 1, 2, 2, 0, 1, 1], [1, 1, 1, 1, 0, 2, 2])
    second = row([1, 1, 1, 2, 2, 0, 0], [3, 3, 3, 3, 3, 0, 0])
    agreement = people_agreement(first, second, CLASSES)
    assert agreement.pairs.tolist() == [[1, 3]]
    assert (agreement.either.item(), agreement.both.item(), agreement.same.item()) == (5, 4, 3)
    assert agreement.people == (2, 1) and agreement.alone == (1, 0)
    assert agreement.difference == pytest.approx(0.6)
    assert agreement.mask_iou == 0.8 and agreement.other_part == 0.25


def test_nobody_differs_from_somebody_completely_and_from_nobody_in_nothing():
    somebody = row([1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0])
    assert people_agreement(somebody, NOBODY, CLASSES).difference == 1
    assert people_agreement(NOBODY, somebody, CLASSES).difference == 1
    empty = people_agreement(NOBODY, NOBODY, CLASSES)
    assert empty.difference == 0 and np.isnan(empty.mask_iou) and np.isnan(empty.other_part)


def test_the_same_regions_with_other_parts_are_a_pair_that_agrees_in_nothing():
    agreement = people_agreement(
        row([1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]), row([2, 2, 3, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]), CLASSES
    )
    assert agreement.difference == 1 and agreement.mask_iou == 1 and agreement.other_part == 1


def test_an_overlap_at_the_threshold_is_no_pair():
    first, second = np.zeros((2, 1, 10), int)
    first[0, :], second[0, 0] = 1, 1
    assert len(people_agreement(PeopleMaps(first, first), PeopleMaps(second, second), CLASSES).pairs) == 0
    second[0, 1] = 1
    assert len(people_agreement(PeopleMaps(first, first), PeopleMaps(second, second), CLASSES).pairs) == 1


def test_people_who_overlap_are_compared_one_by_one():
    """Two people on the same pixels, in two layers, against the same two in the other order."""
    maps = np.array([[[1, 1, 1, 0]], [[0, 2, 2, 2]]])
    agreement = people_agreement(PeopleMaps.from_label_maps(maps), PeopleMaps.from_label_maps(maps[::-1]), CLASSES)
    assert agreement.difference == 0 and sorted(agreement.pairs.tolist()) == [[1, 2], [2, 1]]


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match=r'7 x 1 and 1 x 1 pixels \(width x height\)'):
        people_agreement(NOBODY, row([0], [0]), CLASSES)


@st.composite
def predictions(draw):
    shape = (3, 6)
    parts = draw(arrays(np.int64, shape, elements=st.integers(0, CLASSES - 1)))
    return PeopleMaps(parts, draw(arrays(np.int64, shape, elements=st.integers(0, 3))), 3)


def masks_of(people):
    """The label map of each person who has a pixel."""
    maps = [np.where(people.person_map[0] == person, people.part_map[0], 0) for person in (1, 2, 3)]
    return [one for one in maps if one.any()]


def best_difference(first, second):
    """The definition: the pairing with the largest sum of IoUs, by trying all; None if several have it."""
    one, other = masks_of(first), masks_of(second)
    if len(one) > len(other):
        one, other = other, one
    found = {}
    for partners in permutations(range(len(other)), len(one)):
        pairs = [(a, other[index]) for a, index in zip(one, partners, strict=True)]
        ious = [((a > 0) & (b > 0)).sum() / ((a > 0) | (b > 0)).sum() for a, b in pairs]
        shares = [((a == b) & (a > 0)).sum() / ((a > 0) | (b > 0)).sum() for a, b in pairs]
        agreed = sum(share for share, iou in zip(shares, ious, strict=True) if iou > LEAST_IOU)
        found.setdefault(round(sum(ious), 9), set()).add(round(agreed, 9))
    agreed = found[max(found)]
    total = len(one) + len(other)
    return {1 - 2 * share / total if total else 0.0 for share in agreed}


@settings(max_examples=150)
@given(first=predictions(), second=predictions())
def test_the_difference_is_that_of_the_definition(first, second):
    difference = people_agreement(first, second, CLASSES).difference
    assert any(difference == pytest.approx(expected, abs=1e-8) for expected in best_difference(first, second))
    assert 0 <= difference <= 1


@given(people=predictions(), order=st.permutations([1, 2, 3]))
def test_a_prediction_does_not_differ_from_itself_whoever_is_called_which(people, order):
    renamed = PeopleMaps(people.part_map, np.array([0, *order])[people.person_map], 3)
    assert people_agreement(people, renamed, CLASSES).difference == pytest.approx(0, abs=1e-12)


@given(first=predictions(), second=predictions())
def test_the_difference_is_symmetric_where_the_pairing_is_unique(first, second):
    if len(best_difference(first, second)) == 1:
        one, other = people_agreement(first, second, CLASSES), people_agreement(second, first, CLASSES)
        assert one.difference == pytest.approx(other.difference, abs=1e-8)
        assert one.alone == other.alone[::-1]
