"""AP^p and PCP: small cases by hand, invariants, and a plain loop over pairs and thresholds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmhparse.evaluation.functional import (
    THRESHOLDS,
    PeopleMaps,
    claim_people,
    instance_part_ap,
    part_overlaps,
    score_claims,
)

PROTOCOLS = ['mmhparse', 'mhp_v1', 'mhp_v2', 'parsing_rcnn', 'm2fp']


def stack(*rows):
    """People of a one-row image, one row of labels a person; they may overlap."""
    return PeopleMaps.from_label_maps(np.array(rows, np.uint8)[:, None])


NOBODY = PeopleMaps(np.zeros((1, 8), np.uint8), np.zeros((1, 8), np.int32))
A = [1, 1, 2, 2, 0, 0, 0, 0]
B = [0, 0, 0, 0, 0, 1, 1, 2]


def score(images, num_classes=3, protocol='mhp_v2'):
    """Each image is (predicted people, their scores, true people)."""
    predicted, scores, truth = zip(*images, strict=True)
    return instance_part_ap(predicted, scores, truth, num_classes, protocol)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_perfect_prediction_scores_one(protocol):
    result = score([(stack(B, A), [0.4, 0.9], stack(A, B)), (stack(A), [0.1], stack(A))], protocol=protocol)
    np.testing.assert_array_equal(result.ap, np.ones(9))
    np.testing.assert_array_equal(result.pcp, np.ones(9))
    assert result.num_people == result.num_predictions == 3


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_duplicate_is_a_false_positive(protocol):
    # ranks: A right, A again, B right
    result = score([(stack(A, A, B), [0.9, 0.8, 0.7], stack(A, B))], protocol=protocol)
    np.testing.assert_allclose(result.ap, 1 / 2 * 1 + 1 / 2 * 2 / 3)
    np.testing.assert_array_equal(result.pcp, np.ones(9))


def test_a_missed_part():
    # 10 pixels, person of classes 1, 2 (2 pixels each) and 3 (1 pixel), which the prediction lacks:
    # background 5/6, 2/2, 2/2, 0/1, mean 17/24 = 0.708
    truth = stack([1, 1, 2, 2, 3, 0, 0, 0, 0, 0])
    result = score([(stack([1, 1, 2, 2, 0, 0, 0, 0, 0, 0]), [0.9], truth)], num_classes=4)
    np.testing.assert_array_equal(result.ap, [1, 1, 1, 1, 1, 1, 1, 0, 0])
    np.testing.assert_allclose(result.pcp, [2 / 3] * 7 + [0, 0])
    assert result.ap_vol == pytest.approx(7 / 9)


def test_an_invented_part_lowers_the_overlap():
    # background 5/6, class 1 4/4, class 2 0/1: mean 11/18 = 0.611
    truth, predicted = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 2, 0, 0, 0, 0, 0]
    result = score([(stack(predicted), [0.9], stack(truth))], num_classes=4)
    np.testing.assert_array_equal(result.ap, [1] * 6 + [0] * 3)
    np.testing.assert_array_equal(result.pcp, [1] * 6 + [0] * 3)


def test_an_overlap_of_exactly_the_threshold_is_none():
    # background 2/4, class 1 2/4
    result = score([(stack([1, 1, 1, 0, 0, 0]), [0.9], stack([1, 1, 0, 1, 0, 0]))], num_classes=2)
    np.testing.assert_array_equal(result.ap, [1] * 4 + [0] * 5)


def test_a_person_that_is_taken_is_not_replaced_by_the_second_best():
    truth = stack([1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 0, 0])
    # the second prediction overlaps the first person more (5/9 and 4/7) than the second (3/7 and 1/5)
    predicted = stack([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 1, 0, 0, 0])
    result = score([(predicted, [0.9, 0.8], truth)], num_classes=2)
    np.testing.assert_allclose(result.ap, 1 / 2)


def test_pcp_is_that_of_the_first_who_claims_the_person():
    truth = stack([1, 1, 2, 2, 0, 0, 0, 0])
    first = [1, 1, 2, 0, 0, 0, 0, 0]  # background 4/5, 2/2, 1/2: mean 0.767
    result = score([(stack(first, A), [0.9, 0.8], truth)])
    np.testing.assert_allclose(result.pcp, [1] * 4 + [1 / 2] * 3 + [1] * 2)
    np.testing.assert_allclose(result.ap, [1] * 7 + [1 / 2] * 2)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_images_without_predictions_or_people(protocol):
    images = [(stack(A), [0.5], stack(A)), (NOBODY, [], stack(A)), (stack(A), [0.9], NOBODY)]
    result = score(images, protocol=protocol)
    np.testing.assert_allclose(result.ap, 1 / 2 * 1 / 2)
    np.testing.assert_allclose(result.pcp, 1 / 2)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_no_predictions_score_zero_and_no_people_are_undefined(protocol):
    nothing_found = score([(NOBODY, [], stack(A))], protocol=protocol)
    assert not nothing_found.ap.any() and not nothing_found.pcp.any()
    nothing_there = score([(stack(A), [0.9], NOBODY)], protocol=protocol)
    assert np.isnan(nothing_there.ap).all() and np.isnan(nothing_there.pcp).all()
    assert np.isnan(score_claims([], protocol).ap_vol)


def test_predicted_people_without_pixels():
    empty = [0] * 8
    images = [(stack(empty, A), [0.9, 0.8], stack(A))]
    result = score(images, protocol='mmhparse')
    assert result.num_predictions == 1
    np.testing.assert_array_equal(result.ap, np.ones(9))
    # the others let it claim the person: background 4/8, 0/2, 0/2, mean 1/6, at 0.1 only
    result = score(images, protocol='mhp_v2')
    np.testing.assert_allclose(result.ap, [1] + [1 / 2] * 8)
    np.testing.assert_allclose(result.pcp, [0] + [1] * 8)


def test_true_people_without_pixels():
    image = (stack(A), [0.9], stack(A, [0] * 8, [0, 0, 0, 0, 255, 255, 0, 0]))
    counted = {protocol: score([image], protocol=protocol).num_people for protocol in PROTOCOLS}
    assert counted == dict(mmhparse=1, mhp_v1=1, mhp_v2=2, parsing_rcnn=3, m2fp=2)


def test_a_true_person_of_background_is_seen_by_one_evaluator_only():
    truth = PeopleMaps(np.array([[1, 1, 2, 2, 0, 0, 0, 0]]), np.array([[1, 1, 1, 1, 0, 2, 0, 0]]))
    counted = {protocol: score([(stack(A), [0.9], truth)], protocol=protocol).num_people for protocol in PROTOCOLS}
    assert counted == dict(mmhparse=1, mhp_v1=1, mhp_v2=1, parsing_rcnn=2, m2fp=2)


def test_ignored_pixels_count_neither_way():
    # pixels 4 and 5 are ignored; what is predicted there changes nothing
    truth = PeopleMaps(np.array([[1, 1, 2, 2, 255, 1, 0, 0]]), np.array([[1, 1, 1, 1, 1, 255, 0, 0]]))
    result = score([(stack([1, 1, 2, 2, 1, 2, 0, 0]), [0.9], truth)])
    np.testing.assert_array_equal(result.ap, np.ones(9))


def test_a_prediction_on_ignored_pixels_is_not_wrong():
    truth = PeopleMaps(np.array([[1, 1, 2, 2, 0, 0, 0, 0]]), np.array([[1, 1, 1, 1, 0, 255, 255, 255]]))
    images = [(stack(B, A), [0.9, 0.8], truth)]
    np.testing.assert_array_equal(score(images, protocol='mmhparse').ap, np.ones(9))
    assert score(images, protocol='mhp_v2').ap[8] == 1 / 2
    # background 1/4, class 1 1/2, class 2 0/2, mean 1/4: claims A at 0.1 and 0.2, and is no duplicate there
    images = [(stack(A, [1, 0, 0, 0, 0, 1, 1, 1]), [0.9, 0.8], truth), (stack(A), [0.7], stack(A))]
    np.testing.assert_array_equal(score(images, protocol='mmhparse').ap, np.ones(9))
    beside = [0, 0, 0, 1, 1, 1, 0, 0]  # one of three pixels is ignored: wrong
    assert score([(stack(beside, A), [0.9, 0.8], truth)], protocol='mmhparse').ap[8] == 1 / 2


def test_score_floors():
    images = [(stack(B, A), [0.005, 0.0005], stack(A, B))]
    kept = {protocol: score(images, protocol=protocol).num_predictions for protocol in PROTOCOLS}
    assert kept == dict(mmhparse=2, mhp_v1=2, mhp_v2=2, parsing_rcnn=1, m2fp=0)


def test_ties_over_images():
    right, wrong = (stack(A), [0.9], stack(A)), (stack(A), [0.9], NOBODY)
    assert score([wrong, right]).ap[4] == 1 / 2
    assert score([right, wrong]).ap[4] == 1.0
    # the default does not depend on the order
    assert score([wrong, right], protocol='mmhparse').ap[4] == 1 / 2
    assert score([right, wrong], protocol='mmhparse').ap[4] == 1 / 2


@pytest.mark.parametrize('swapped', [False, True])
def test_the_better_of_two_equal_scores_finds_the_person(swapped):
    half = [1, 1, 0, 0, 0, 0, 0, 0]
    predicted = stack(half, A) if swapped else stack(A, half)
    result = score([(predicted, [0.9, 0.9], stack(A))], protocol='mmhparse')
    np.testing.assert_array_equal(result.pcp, np.ones(9))
    np.testing.assert_array_equal(result.ap, np.full(9, 1 / 2))


def test_bad_scores():
    with pytest.raises(ValueError, match='person 2 is NaN'):
        claim_people(stack(A, B), [0.9, np.nan], stack(A), 3)
    assert np.isnan(claim_people(stack(A, B), [0.9, np.nan], stack(A), 3, 'm2fp').scores[1])
    with pytest.raises(ValueError, match='one score for each of 2'):
        claim_people(stack(A, B), [0.9], stack(A), 3)
    with pytest.raises(ValueError, match="no protocol 'cihp'"):
        claim_people(stack(A), [0.9], stack(A), 3, 'cihp')


def random_image(rng, num_classes, size=(6, 9)):
    """A prediction that is the truth with some pixels changed, so that all overlaps occur."""
    part_map = rng.integers(0, num_classes, size)
    person_map = rng.integers(0, 4, size)
    ignored = rng.random(size) < 0.1
    noisy = rng.random(size) < rng.choice([0.0, 0.1, 0.3, 0.6])
    predicted_parts = np.where(noisy, rng.integers(0, num_classes, size), part_map)
    predicted_persons = np.where(rng.random(size) < 0.1, rng.integers(0, 5, size), person_map)
    truth = PeopleMaps(np.where(ignored, 255, part_map), np.where(part_map > 0, person_map, 0), 3)
    return PeopleMaps(predicted_parts, predicted_persons, 4), rng.permutation(20)[:4] / 20, truth


def plain_loop(images, num_classes, threshold):
    """AP^p and PCP at one threshold as the definition sheet tells them, a prediction at a time."""
    ranked = sorted(
        ((-s, n, i) for n, (_, scores, _) in enumerate(images) for i, s in enumerate(scores)), key=lambda x: x[0]
    )
    overlaps = [part_overlaps(predicted, truth, num_classes) for predicted, _, truth in images]
    taken, pcp, hits = set(), 0.0, []
    people = [[g for g in range(3) if o.true_areas[g].any() or o.true_ignored[g]] for o in overlaps]
    for _, n, i in ranked:
        best, best_overlap = None, -1.0
        for g in people[n]:
            if overlaps[n].mean_iou()[i, g] > best_overlap:
                best, best_overlap = g, overlaps[n].mean_iou()[i, g]
        hit = best_overlap > threshold and (n, best) not in taken
        hits.append(hit)
        if hit:
            taken.add((n, best))
            parts = [c for c in range(1, num_classes) if overlaps[n].true_areas[best, c]]
            iou = overlaps[n].class_iou()[i, best]
            pcp += sum(iou[c] > threshold for c in parts) / len(parts) if parts else 0.0
    total, found, curve = sum(map(len, people)), 0, []
    for shown, hit in enumerate(hits, start=1):
        found += hit
        curve.append((found / total, found / shown))
    area, recall = 0.0, 0.0
    for k, (now, _) in enumerate(curve):
        area += (now - recall) * max(precision for _, precision in curve[k:])
        recall = now
    return area, pcp / total


@pytest.mark.parametrize('seed', range(6))
def test_equals_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, num_classes=5) for _ in range(4)]
    result = score(images, num_classes=5)
    expected = np.array([plain_loop(images, 5, threshold) for threshold in THRESHOLDS])
    assert 0 < expected[4, 0] < 1
    np.testing.assert_allclose(result.ap, expected[:, 0], atol=1e-12)
    np.testing.assert_allclose(result.pcp, expected[:, 1], atol=1e-12)


@settings(max_examples=40)
@given(
    hnp.arrays(np.uint8, (4, 6), elements=st.sampled_from([0, 1, 2, 3, 255])),
    hnp.arrays(np.int32, (4, 6), elements=st.sampled_from([0, 1, 2, 3, 255])),
    st.permutations([0.2, 0.4, 0.4]),
)
def test_the_truth_scores_one(part_map, person_map, scores):
    visible = (part_map != 255) & (person_map != 255)
    assume((visible & (part_map > 0) & (person_map > 0)).any())
    predicted = PeopleMaps(np.where(visible, part_map, 0), np.where(visible, person_map, 0), 3)
    result = score([(predicted, scores, PeopleMaps(part_map, person_map, 3))], num_classes=4, protocol='mmhparse')
    np.testing.assert_array_equal(result.ap, np.ones(9))
    np.testing.assert_array_equal(result.pcp, np.ones(9))


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_order_of_people_and_images_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, num_classes=3) for _ in range(3)]
    shuffled = []
    for predicted, scores, truth in (images[n] for n in rng.permutation(3)):
        order = rng.permutation(4)
        new_id = np.append(0, np.argsort(order) + 1)
        ids = np.append(0, rng.permutation(3) + 1)
        shuffled.append(
            (
                PeopleMaps(predicted.part_map, new_id[predicted.person_map], 4),
                scores[order],
                PeopleMaps(truth.part_map, ids[truth.person_map], 3),
            )
        )
    overlaps = [part_overlaps(predicted, truth, 3).mean_iou() for predicted, _, truth in images]
    # between people of equal overlap the first wins
    assume(all(len(np.unique(row)) == len(row) for table in overlaps for row in table))
    before, after = (score(some, protocol='mmhparse') for some in (images, shuffled))
    np.testing.assert_allclose(before.ap, after.ap, atol=1e-12)
    np.testing.assert_allclose(before.pcp, after.pcp, atol=1e-12)
    assert ((before.ap >= 0) & (before.ap <= 1)).all()
