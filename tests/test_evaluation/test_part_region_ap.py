"""AP^r: small cases by hand, and a plain loop over classes, parts and thresholds."""

import numpy as np
import pytest

from mmhparse.evaluation.functional import THRESHOLDS, PeopleMaps, find_parts, part_region_ap

PROTOCOLS = ['mmhparse', 'pgn', 'mg', 'm2fp']


def people(part_row, person_row, num_people=None):
    return PeopleMaps(np.array([part_row]), np.array([person_row]), num_people)


def table(num_people, num_classes, rows):
    """(P, C) scores from rows of person, label, score."""
    scores = np.full((num_people, num_classes), np.nan)
    for person, label, score in rows:
        scores[person - 1, label] = score
    return scores


def score(images, num_classes=3, protocol='m2fp'):
    predicted, part_scores, truth = zip(*images, strict=True)
    return part_region_ap(predicted, part_scores, truth, num_classes, protocol)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_perfect_prediction_scores_one(protocol):
    maps = people([1, 1, 2, 1, 2, 0], [1, 1, 1, 2, 2, 0])
    scores = table(2, 3, [(1, 1, 0.9), (1, 2, 0.8), (2, 1, 0.2), (2, 2, 0.3)])
    np.testing.assert_array_equal(score([(maps, scores, maps)], protocol=protocol).per_class, np.ones((2, 9)))


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_the_person_of_a_part_does_not_matter(protocol):
    truth, predicted = people([1, 1, 2, 2], [1, 1, 2, 2]), people([1, 1, 2, 2], [2, 2, 1, 1])
    scores = table(2, 3, [(2, 1, 0.9), (1, 2, 0.8)])
    np.testing.assert_array_equal(score([(predicted, scores, truth)], protocol=protocol).ap, np.ones(9))


def halves(protocol):
    """Two halves of the one true part, of people 1 and 2, each with IoU 1/2."""
    predicted = people([1, 1, 1, 1], [1, 1, 2, 2])
    scores = table(2, 2, [(1, 1, 0.9), (2, 1, 0.8)])
    return score([(predicted, scores, people([1, 1, 1, 1], [1, 1, 1, 1]))], num_classes=2, protocol=protocol)


def test_a_true_part_is_found_once():
    np.testing.assert_allclose(halves('mmhparse').ap, [1] * 4 + [0] * 5)


@pytest.mark.parametrize('protocol', ['pgn', 'mg', 'm2fp'])
def test_the_published_evaluators_find_it_again_and_again(protocol):
    np.testing.assert_allclose(halves(protocol).ap, [2] * 4 + [0] * 5)


def test_one_to_one_tries_the_second_best():
    # the second prediction overlaps part 1 with 2/4 and part 2 with 1/3; the first has part 1 for itself below 0.5
    truth = people([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 2, 2], 2)
    predicted = people([1, 1, 1, 1, 1, 0], [1, 1, 2, 2, 2, 0], 2)
    hits = find_parts(predicted, table(2, 2, [(1, 1, 0.9), (2, 1, 0.8)]), truth, 2).hits
    np.testing.assert_array_equal(hits[0], [True] * 4 + [False] * 5)  # 2/4
    np.testing.assert_array_equal(hits[1], [True] * 2 + [False] * 7)  # 2/5 is taken, 1/4 is left


@pytest.mark.parametrize('scores', [(0.8, 0.9), (0.9, 0.9)], ids=['better score', 'better overlap of equal scores'])
@pytest.mark.parametrize('swapped', [False, True])
def test_who_comes_first_has_the_choice(swapped, scores):
    # person 1 overlaps the one true part with 1/4, person 2 with 3/4
    ids = [2, 1, 1, 1] if swapped else [1, 2, 2, 2]
    maps = people([1, 1, 1, 1], ids)
    rows = [(person, 1, value) for person, value in zip((2, 1) if swapped else (1, 2), scores, strict=True)]
    hits = find_parts(maps, table(2, 2, rows), people([1, 1, 1, 1], [1, 1, 1, 1]), 2).hits
    worse, better = hits[::-1] if swapped else hits
    np.testing.assert_array_equal(better, [True] * 7 + [False] * 2)
    assert not worse.any()


def test_classes_without_truth():
    # class 1 is found; class 2 is predicted but not there; class 3 is in neither
    maps, truth = people([1, 1, 2, 0], [1, 1, 1, 0]), people([1, 1, 0, 0], [1, 1, 0, 0])
    image = (maps, table(1, 4, [(1, 1, 0.9), (1, 2, 0.8)]), truth)
    per_class = {protocol: score([image], 4, protocol).per_class[:, 4] for protocol in PROTOCOLS}
    np.testing.assert_array_equal(per_class['mmhparse'], [1, np.nan, np.nan])
    for protocol in ('pgn', 'mg', 'm2fp'):
        np.testing.assert_array_equal(per_class[protocol], [1, np.nan, 0])
    vol = {protocol: score([image], 4, protocol).ap_vol for protocol in PROTOCOLS}
    assert (vol['mmhparse'], vol['mg'], vol['m2fp']) == (1.0, 0.5, 0.5)
    assert np.isnan(vol['pgn'])


def test_ties():
    # a right and a wrong part of equal score: the published evaluators take the later first
    def image(right):
        row = [1, 1, 0, 0] if right else [0, 0, 1, 1]
        return people(row, np.sign(row)), table(1, 2, [(1, 1, 0.9)]), people([1, 1, 0, 0], [1, 1, 0, 0])

    found = [score([image(False), image(True)], 2, protocol).ap[4] for protocol in ('m2fp', 'mmhparse')]
    assert found == [1 / 2, 1 / 4]
    found = [score([image(True), image(False)], 2, protocol).ap[4] for protocol in ('m2fp', 'mmhparse')]
    assert found == [1 / 4, 1 / 4]


def test_ignored_pixels():
    truth = people([1, 1, 255, 255, 0, 0], [1, 1, 1, 1, 0, 0])
    image = (people([1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0]), table(1, 2, [(1, 1, 0.9)]), truth)
    np.testing.assert_allclose(score([image], 2, 'mmhparse').ap, np.ones(9))
    np.testing.assert_allclose(score([image], 2, 'm2fp').ap, [1] * 4 + [0] * 5)  # IoU 2/4


def test_a_part_on_ignored_pixels_is_not_wrong():
    truth = people([1, 1, 0, 0, 0, 0], [1, 1, 0, 255, 255, 255])
    image = (people([1, 1, 0, 1, 1, 0], [1, 1, 0, 2, 2, 0]), table(2, 2, [(1, 1, 0.8), (2, 1, 0.9)]), truth)
    np.testing.assert_allclose(score([image], 2, 'mmhparse').ap, 1.0)
    np.testing.assert_allclose(score([image], 2, 'm2fp').ap, 1 / 2)


def test_listed_parts_without_pixels():
    maps = people([1, 1, 0, 0], [1, 1, 0, 0], 2)
    image = (maps, table(2, 2, [(1, 1, 0.8), (2, 1, 0.9)]), maps)
    found = {protocol: score([image], 2, protocol).ap[4] for protocol in PROTOCOLS}
    assert found == dict(mmhparse=1.0, pgn=1.0, mg=1.0, m2fp=0.5)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_images_without_predictions_or_truth(protocol):
    nobody, somebody = people([0, 0], [0, 0]), people([1, 0], [1, 0])
    scores, none = table(1, 2, [(1, 1, 0.9)]), np.zeros((0, 2))
    images = [(nobody, none, somebody), (somebody, scores, nobody), (somebody, scores - 0.1, somebody)]
    np.testing.assert_allclose(score(images, 2, protocol).ap, 1 / 2 * 1 / 2)
    np.testing.assert_array_equal(score(images[:1], 2, protocol).ap, np.zeros(9))


def test_bad_scores():
    maps = people([1, 2], [1, 1])
    with pytest.raises(ValueError, match='part 2 of predicted person 1 has pixels but no score'):
        find_parts(maps, table(1, 3, [(1, 1, 0.9)]), maps, 3)
    with pytest.raises(ValueError, match=r'1 predicted people and 3 classes, got \(2, 3\)'):
        find_parts(maps, table(2, 3, []), maps, 3)


def random_image(rng, num_classes, size=(5, 8)):
    part_map, person_map = rng.integers(0, num_classes, size), rng.integers(0, 4, size)
    noisy = rng.random(size) < rng.choice([0.0, 0.1, 0.4])
    predicted = np.where(noisy, rng.integers(0, num_classes, size), part_map)
    scores = (rng.permutation(100)[: 3 * num_classes] / 100).reshape(3, num_classes)
    for person, label in np.ndindex(scores.shape):
        if not ((predicted == label) & (person_map == person + 1)).any():
            scores[person, label] = np.nan
    return PeopleMaps(predicted, person_map, 3), scores, PeopleMaps(part_map, person_map, 3)


def plain_loop(images, label, threshold, one_to_one):
    """AP^r of one class at one threshold, a part at a time."""
    ranked, total = [], 0
    for n, (_, scores, truth) in enumerate(images):
        for person in (1, 2, 3):
            total += ((truth.part_map == label) & (truth.person_map == person)).any()
            if not np.isnan(scores[person - 1, label]):
                ranked.append((scores[person - 1, label], n, person))
    found, curve, taken = 0, [], set()
    for shown, (_, n, person) in enumerate(sorted(ranked, reverse=True), start=1):
        predicted, _, truth = images[n]
        mask = (predicted.part_map == label) & (predicted.person_map == person)
        candidates = []
        for other in (1, 2, 3):
            true_mask = (truth.part_map == label) & (truth.person_map == other)
            if true_mask.any() and not (one_to_one and (n, other) in taken):
                candidates.append(((mask & true_mask).sum() / (mask | true_mask).sum(), -other))
        iou, other = max(candidates, default=(0.0, 0))
        if iou > threshold:
            taken.add((n, -other))
            found += 1
        curve.append((found / total, found / shown))
    area, recall = 0.0, 0.0
    for k, (now, _) in enumerate(curve):
        area += (now - recall) * max(precision for _, precision in curve[k:])
        recall = now
    return area


@pytest.mark.parametrize('protocol', ['mmhparse', 'm2fp'])
@pytest.mark.parametrize('seed', range(3))
def test_equals_a_plain_loop(seed, protocol):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, 4) for _ in range(4)]
    # scores that differ over the whole set: ties have rules of their own
    images = [(predicted, scores + n / 1000, truth) for n, (predicted, scores, truth) in enumerate(images)]
    result = score(images, 4, protocol)
    expected = [[plain_loop(images, c, t, protocol == 'mmhparse') for t in THRESHOLDS] for c in (1, 2, 3)]
    assert 0 < np.mean(expected) < 1
    np.testing.assert_allclose(result.per_class, expected, atol=1e-12)
    np.testing.assert_allclose(result.ap, np.mean(expected, axis=0), atol=1e-12)
