"""One pass over the image gives what a histogram for each pair of people gives."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmhparse.evaluation.functional import PeopleMaps, code_table, part_overlaps

C = 4
SIZE = (5, 6)


def pair_histogram(predicted, truth, counts):
    """(C, C) pixels of each true and predicted label of one pair of people, where the pixel counts."""
    histogram = np.zeros((C, C), int)
    for p, g, counted in zip(predicted.ravel(), truth.ravel(), counts.ravel(), strict=True):
        if counted:
            histogram[g, p] += 1
    return histogram


def iou_by_pairs(predicted_labels, true_labels, counts):
    """(P, G, C) IoU, NaN where neither has the class, and its nanmean over the classes."""
    iou = np.full((len(predicted_labels), len(true_labels), C), np.nan)
    mean = np.full(iou.shape[:2], np.nan)
    for i, predicted in enumerate(predicted_labels):
        for j, truth in enumerate(true_labels):
            histogram = pair_histogram(predicted, truth, counts[j])
            for c in range(C):
                union = histogram[c].sum() + histogram[:, c].sum() - histogram[c, c]
                if union:
                    iou[i, j, c] = histogram[c, c] / union
            if not np.isnan(iou[i, j]).all():
                mean[i, j] = np.nanmean(iou[i, j])
    return iou, mean


def labels_of(part_map, person_map, people):
    return [np.where(person_map == person, part_map, 0) for person in range(1, people + 1)]


def overlaps_by(few_pixels, large_table, predicted, truth):
    """part_overlaps where images and tables are large from these sizes on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_table, '_FEW_PIXELS', few_pixels)
        patch.setattr(code_table, '_LARGE_TABLE', large_table)
        return part_overlaps(predicted, truth, C)


labels = hnp.arrays(np.uint8, SIZE, elements=st.integers(0, C - 1))
persons = hnp.arrays(np.int32, SIZE, elements=st.integers(0, 3))
true_labels = hnp.arrays(np.uint8, SIZE, elements=st.sampled_from([0, 1, 2, 3, 255]))
true_persons = hnp.arrays(np.int32, SIZE, elements=st.sampled_from([0, 1, 2, 255]))


@pytest.mark.parametrize('scale', [1, 6], ids=['one pixel a label', 'blocks of pixels'])
@pytest.mark.parametrize('few_pixels', [0, 10_000], ids=['runs are counted', 'pixels are counted'])
@pytest.mark.parametrize('large_table', [0, 10_000], ids=['many people: parts are numbered', 'few people: all parts'])
@settings(max_examples=60, deadline=None)
@given(labels, persons, true_labels, true_persons)
def test_equals_a_histogram_for_each_pair(
    scale, few_pixels, large_table, part_map, person_map, true_part_map, true_person_map
):
    maps = [
        np.kron(m, np.ones((scale, scale), m.dtype)) for m in (part_map, person_map, true_part_map, true_person_map)
    ]
    overlaps = overlaps_by(few_pixels, large_table, PeopleMaps(*maps[:2], 4), PeopleMaps(*maps[2:], 3))
    for_all = (true_person_map != 255) & ~((true_part_map == 255) & (true_person_map == 0))
    truth = labels_of(true_part_map, true_person_map, 3)
    iou, mean = iou_by_pairs(labels_of(part_map, person_map, 4), truth, [for_all & (t != 255) for t in truth])
    np.testing.assert_array_equal(overlaps.class_iou(), iou)
    np.testing.assert_array_equal(overlaps.mean_iou(), mean)  # to the last bit: it is held against thresholds
    ignored = ~for_all | (true_part_map == 255)
    foreground = [(person_map == person) & (part_map > 0) for person in range(1, 5)]
    np.testing.assert_array_equal(overlaps.predicted_areas, [scale**2 * f.sum() for f in foreground])
    np.testing.assert_array_equal(overlaps.predicted_ignored, [scale**2 * (f & ignored).sum() for f in foreground])
    own = [for_all & (true_person_map == person) & (true_part_map == 255) for person in range(1, 4)]
    np.testing.assert_array_equal(overlaps.true_ignored, [scale**2 * o.sum() for o in own])
    np.testing.assert_array_equal(
        overlaps.true_areas[:, 1:], [[scale**2 * (t[for_all] == c).sum() for c in range(1, C)] for t in truth]
    )


@pytest.mark.parametrize('large_table', [0, 10_000], ids=['many people: parts are numbered', 'few people: all parts'])
@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint8, (3, *SIZE), elements=st.integers(0, C - 1)),
    hnp.arrays(np.uint8, (2, *SIZE), elements=st.sampled_from([0, 1, 2, 3, 255])),
)
def test_people_may_overlap(large_table, predicted, truth):
    maps = PeopleMaps.from_label_maps(predicted), PeopleMaps.from_label_maps(truth)
    overlaps = overlaps_by(0, large_table, *maps)
    iou, mean = iou_by_pairs(predicted, truth, truth != 255)
    np.testing.assert_array_equal(overlaps.class_iou(), iou)
    np.testing.assert_array_equal(overlaps.mean_iou(), mean)


def test_people_who_do_not_overlap_share_a_layer():
    label_maps = np.zeros((4, 2, 3), np.uint8)
    label_maps[0, 0], label_maps[1, 1], label_maps[2, 1, :2] = 1, 2, 3
    maps = PeopleMaps.from_label_maps(label_maps)
    np.testing.assert_array_equal(maps.person_map, [[[1, 1, 1], [2, 2, 2]], [[0, 0, 0], [3, 3, 0]]])
    assert maps.num_people == 4


def test_by_hand():
    predicted = PeopleMaps(np.array([[1, 1, 2, 0]]), np.array([[1, 1, 1, 0]]))
    truth = PeopleMaps(np.array([[1, 2, 2, 255]]), np.array([[1, 1, 1, 1]]))
    overlaps = part_overlaps(predicted, truth, 4)
    np.testing.assert_array_equal(overlaps.intersection, [[[0, 1, 1, 0]]])
    np.testing.assert_array_equal(overlaps.union, [[[0, 2, 2, 0]]])
    assert overlaps.mean_iou() == 0.5
    assert overlaps.true_ignored == 1


def test_three_class_ious_of_a_tenth_are_more_than_a_tenth():
    # 1/10 + 1/10 + 1/10 rounds up; a mean in float32, or of fractions, would not pass the threshold
    truth = np.repeat([0, 1, 2, 1, 2, 0, 1, 2, 0], [2, 2, 2, 6, 6, 6, 3, 3, 3])
    predicted = np.repeat([0, 1, 2, 0, 1, 2, 2, 0, 1], [2, 2, 2, 6, 6, 6, 3, 3, 3])
    overlaps = part_overlaps(
        PeopleMaps(predicted[None], (predicted > 0).astype(int)[None]),
        PeopleMaps(truth[None], (truth > 0).astype(int)[None]),
        3,
    )
    np.testing.assert_array_equal(overlaps.class_iou()[0, 0], [0.1, 0.1, 0.1])
    assert overlaps.mean_iou()[0, 0] > 0.1


def test_without_people():
    nobody = PeopleMaps(np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.int32))
    somebody = PeopleMaps(np.ones(SIZE, np.uint8), np.ones(SIZE, np.int32))
    assert part_overlaps(nobody, somebody, C).mean_iou().shape == (0, 1)
    assert part_overlaps(somebody, nobody, C).mean_iou().shape == (1, 0)


def one_person(label, person=1, size=SIZE, people=None):
    return PeopleMaps(np.full(size, label, np.uint8), np.full(size, person, np.int32), people)


@pytest.mark.parametrize(
    ('predicted', 'truth', 'message'),
    [
        (one_person(C), one_person(1), 'predicted part_map has label 4'),
        (one_person(255), one_person(1), 'predicted part_map has label 255'),
        (one_person(1), one_person(C), 'true part_map has label 4'),
        (one_person(1, person=255, people=2), one_person(1), 'predicted person_map has id 255'),
        (one_person(1), one_person(1, people=255), 'truth has 255 people'),
        (one_person(1, size=(6, 5)), one_person(1), r'prediction is \(5, 6\) \(W, H\) but the truth is \(6, 5\)'),
    ],
)
def test_bad_maps(predicted, truth, message):
    with pytest.raises(ValueError, match=message):
        part_overlaps(predicted, truth, C)


@pytest.mark.parametrize(
    ('part_map', 'person_map', 'people', 'message'),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), None, 'one shape'),
        (np.zeros((2, 3)), np.zeros((2, 3), int), None, 'integers'),
        (np.full((2, 3), -1), np.zeros((2, 3), int), None, 'must not be negative'),
        (np.zeros((2, 3), int), np.full((2, 3), 4), 3, 'id 4, but there are only 3'),
    ],
)
def test_bad_people_maps(part_map, person_map, people, message):
    with pytest.raises(ValueError, match=message):
        PeopleMaps(part_map, person_map, people)


def test_each_run_of_pixels_is_counted_once_however_many_people_there_are():
    for people in (1, 10, 100):  # in stripes
        person_map = np.repeat(np.arange(1, people + 1), 200 // people)[:, None].repeat(100, axis=1)
        maps = PeopleMaps(np.ones_like(person_map), person_map, people)
        with patch.object(code_table, 'count_cells', wraps=code_table.count_cells) as count:
            overlaps = part_overlaps(maps, maps, C)
        np.testing.assert_array_equal(overlaps.intersection[..., 1], np.eye(people) * 20_000 // people)
        # a histogram for each pair would count 20,000 pixels, people ** 2 times
        assert [len(call.args[0]) for call in count.call_args_list] == [people]
