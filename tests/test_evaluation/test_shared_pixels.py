"""Pixels that parts share, against a loop over pixels; runs of pixels are merged without loss."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.evaluation.functional import PeopleMaps, code_table, merge_runs, shared_pixels

C = 3


def counted_one_by_one(predicted, truth):
    """(person, label, true person, true label) -> pixels, for single layers without ignored pixels."""
    maps = [predicted.person_map, predicted.part_map, truth.person_map, truth.part_map]
    return Counter(pixel for pixel in zip(*(array.ravel().tolist() for array in maps), strict=True) if all(pixel))


def as_counter(shared):
    ours, theirs = shared.predicted, shared.truth
    cells = np.argwhere(shared.counts)
    return Counter(
        {
            (ours.persons[q], ours.labels[q], theirs.persons[r], theirs.labels[r]): shared.counts[q, r]
            for q, r in cells.tolist()
        }
    )


@pytest.mark.parametrize('block', [1, 5], ids=['noise: pixels are counted', 'runs are counted'])
@pytest.mark.parametrize('few_pixels', [0, 1000], ids=['large image', 'small image: pixels are counted'])
@pytest.mark.parametrize('people', [2, 40], ids=['few people', 'many people: codes are numbered'])
@pytest.mark.parametrize('dtype', [np.uint8, np.int32, np.int64])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_counts_are_those_of_a_loop(block, people, dtype, few_pixels, seed):
    rng = np.random.default_rng(seed)
    classes = C if people < 10 else 60

    def maps():
        arrays = (rng.integers(0, high, (4, 4)).repeat(block, 0).repeat(block, 1) for high in (classes, people + 1))
        return PeopleMaps(*(array.astype(dtype) for array in arrays), people)

    predicted, truth = maps(), maps()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_table, '_FEW_PIXELS', few_pixels)
        shared = shared_pixels(predicted, truth, classes)
    assert as_counter(shared) == counted_one_by_one(predicted, truth)
    for parts, side in ((shared.predicted, predicted), (shared.truth, truth)):
        pixels = zip(side.person_map.ravel().tolist(), side.part_map.ravel().tolist(), strict=True)
        areas = Counter(pair for pair in pixels if all(pair))
        assert dict(zip(zip(parts.persons, parts.labels, strict=True), parts.areas, strict=True)) == areas


def test_the_worked_example_of_merged_runs():
    maps = [np.array([[[0, 0, 0, 2, 2]]]), np.array([[[0, 0, 1, 1, 1]]])]
    merged, lengths = merge_runs([array.repeat(4, -1) for array in maps])
    np.testing.assert_array_equal(merged[0], [[0, 0, 2]])
    np.testing.assert_array_equal(merged[1], [[0, 1, 1]])
    np.testing.assert_array_equal(lengths, [8, 4, 8])


def test_a_change_in_any_layer_ends_a_run():
    layers = np.zeros((2, 2, 8), int)
    layers[1, 1, 4:] = 1
    (merged,), lengths = merge_runs([layers])
    np.testing.assert_array_equal(merged, [[0, 0], [0, 1]])
    np.testing.assert_array_equal(lengths, [12, 4])


def test_an_image_without_pixels():
    empty = PeopleMaps(np.zeros((0, 4), np.uint8), np.zeros((0, 4), np.uint8), 1)
    assert shared_pixels(empty, empty, C).counts.shape == (0, 0)
