"""Every protocol against its evaluator's rules as plain loops, on random images with all that evaluators differ in."""

import numpy as np
import published_rules as rules
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmhparse.evaluation.functional import (
    PeopleMaps,
    instance_part_ap,
    part_confusion,
    part_overlaps,
    part_region_ap,
    semantic_part_scores,
)

seeds = st.integers(0, 2**32 - 1)
SCORES = (0.9, 0.9, 0.5, 0.5, 0.3, 0.005, 0.0005)


def random_maps(rng, num_classes, people, size):
    """Label maps (P, H, W) that share no pixel: blocks of parts, so that overlaps are neither all high nor all low."""
    labels = rng.integers(0, num_classes, size)
    # a class is often missing altogether
    labels[labels == rng.integers(1, num_classes)] = 0
    ids = np.sort(rng.integers(0, people + 1, size), axis=1)
    return np.array([labels * (ids == person + 1) for person in range(people)], int).reshape(people, *size)


def damaged(rng, maps, num_classes):
    """A prediction: the people of the truth and more, some of them repeated, empty or with other labels."""
    predicted = [*maps, *maps[: rng.integers(0, 2)], np.zeros(maps.shape[1:], int)]
    for labels in predicted:
        noisy = rng.random(labels.shape) < rng.choice([0.0, 0.1, 0.4, 1.0])
        labels[noisy & (rng.random(labels.shape) < 0.6)] = 0
    predicted = np.array(predicted)
    wrong = rng.random(predicted.shape) < rng.choice([0.0, 0.05, 0.2])
    predicted = np.where(wrong, rng.integers(0, num_classes, predicted.shape), predicted)
    return predicted[rng.permutation(len(predicted))[: rng.integers(0, len(predicted) + 1)]]


def random_image(rng, num_classes, evaluator):
    """(Predicted maps, scores, true maps as the evaluator takes them, true people as ours does)."""
    size = tuple(rng.integers(2, 7, 2))
    maps = random_maps(rng, num_classes, int(rng.integers(0, 4)), size)
    predicted = damaged(rng, maps.copy(), num_classes)
    scores = rng.choice(SCORES, len(predicted))
    if evaluator in ('parsing_rcnn', 'm2fp'):
        scores[rng.random(len(scores)) < 0.05] = np.nan
    ignored = rng.random(size) < rng.choice([0.0, 0.2])
    if evaluator == 'm2fp':  # pixels of nobody may be ignored in the category map
        category, human = maps.sum(0), np.zeros(size, int)
        for person, labels in enumerate(maps, start=1):
            human[labels > 0] = person
        category[ignored] = 255
        return predicted, scores, rules.people_of_two_maps(category, human), PeopleMaps(category, human)
    maps[(maps > 0) & ignored] = 255
    if len(maps) > 1 and rng.random() < 0.3:  # people may overlap
        maps[0] = np.where(rng.random(size) < 0.3, rng.integers(0, num_classes, size), maps[0])
    if len(maps) and rng.random() < 0.2:
        maps[-1][maps[-1] > 0] = rng.choice([0, 255])
    return predicted, scores, list(maps), PeopleMaps.from_label_maps(maps)


@pytest.mark.parametrize('evaluator', ['mhp_v1', 'mhp_v2', 'parsing_rcnn', 'm2fp'])
@settings(max_examples=60)
@given(seed=seeds)
def test_instance_part_ap(evaluator, seed):
    rng = np.random.default_rng(seed)
    num_classes = int(rng.choice([2, 4, 12]))
    images = [random_image(rng, num_classes, evaluator) for _ in range(rng.integers(1, 4))]
    result = instance_part_ap(
        [PeopleMaps.from_label_maps(predicted) for predicted, _, _, _ in images],
        [scores for _, scores, _, _ in images],
        [ours for _, _, _, ours in images],
        num_classes,
        evaluator,
    )
    try:
        ap, pcp = rules.ap_p_and_pcp([image[:3] for image in images], num_classes, evaluator)
    except rules.EvaluatorStopsError:  # without predictions both are 0 here
        ap = pcp = np.zeros(9) if result.num_people else np.full(9, np.nan)
    np.testing.assert_allclose(result.ap, ap, atol=1e-12, rtol=0)
    np.testing.assert_allclose(result.pcp, pcp, atol=1e-12, rtol=0)


@settings(max_examples=40)
@given(seed=seeds, num_classes=st.sampled_from([3, 7, 8, 20, 59]))
def test_mean_overlaps_are_those_of_nanmean_to_the_last_bit(seed, num_classes):
    rng = np.random.default_rng(seed)
    size = (6, 15)
    labels, ids = rng.integers(0, num_classes, (2, *size)), rng.integers(0, 4, (2, *size))
    overlaps = part_overlaps(PeopleMaps(labels[0], ids[0], 3), PeopleMaps(labels[1], ids[1], 3), num_classes).mean_iou()
    for p, g in np.ndindex(3, 3):
        maps = [np.where(ids[n] == person + 1, labels[n], 0) for n, person in enumerate((p, g))]
        assert overlaps[p, g] == np.nanmean(rules.class_ious(*maps, num_classes))


def random_parts(rng, num_classes):
    """One image: people with disjoint parts as maps and scores, and the rows that an evaluator reads."""
    size = tuple(rng.integers(2, 7, 2))
    ids, labels = rng.integers(0, 4, size), rng.integers(0, num_classes, size)
    labels[labels == rng.integers(1, num_classes)] = 0
    noisy = rng.random(size) < rng.choice([0.0, 0.1, 0.5])
    predicted = PeopleMaps(
        np.where(noisy, rng.integers(0, num_classes, size), labels), rng.permutation(4)[ids] * (ids > 0), 3
    )
    scores = np.full((3, num_classes), np.nan)
    rows = []
    for person, label in np.ndindex(3, num_classes):
        mask = ((predicted.part_map == label) & (predicted.person_map == person + 1))[0]
        if label and (mask.any() or rng.random() < 0.1):  # some parts are listed without pixels
            scores[person, label] = rng.choice(SCORES)
            rows.append((mask, label, scores[person, label]))
    labels = np.where(rng.random(size) < 0.1, 255, labels)  # ignored pixels are background for these evaluators
    truth = PeopleMaps(labels, ids, 3)
    true_parts = [((labels == label) & (ids == person), label) for person in (1, 2, 3) for label in range(num_classes)]
    return (predicted, scores, truth), (rows, true_parts)


@pytest.mark.parametrize('evaluator', ['pgn', 'mg', 'm2fp'])
@settings(max_examples=60)
@given(seed=seeds)
def test_part_region_ap(evaluator, seed):
    rng = np.random.default_rng(seed)
    num_classes = int(rng.integers(2, 6))
    ours, theirs = zip(*[random_parts(rng, num_classes) for _ in range(rng.integers(1, 4))], strict=True)
    result = part_region_ap(*zip(*ours, strict=True), num_classes, evaluator)
    per_class, ap = rules.ap_r(theirs, num_classes, evaluator)
    np.testing.assert_allclose(result.per_class, per_class, atol=1e-12, rtol=0)
    np.testing.assert_allclose(result.ap, ap, atol=1e-12, rtol=0)
    np.testing.assert_allclose(result.ap_vol, np.mean(ap), atol=1e-12, rtol=0)


@pytest.mark.parametrize('evaluator', ['parsing_rcnn', 'mg_global', 'm2fp', 'schp', 'mg'])
@settings(max_examples=60)
@given(seed=seeds)
def test_semantic_part_scores(evaluator, seed):
    rng = np.random.default_rng(seed)
    num_classes = int(rng.integers(2, 7))
    pairs = []
    for _ in range(rng.integers(1, 4)):
        # the highest classes are often in neither map, or in one of them
        truth = rng.integers(0, rng.integers(1, num_classes + 1), (4, 5))
        noisy = rng.random(truth.shape) < rng.random()
        predicted = np.where(noisy, rng.integers(0, rng.integers(1, num_classes + 1), truth.shape), truth)
        truth[rng.random(truth.shape) < 0.2] = 255
        pairs.append((predicted, truth))
    assume(any((truth != 255).any() for _, truth in pairs))
    scores = semantic_part_scores(sum(part_confusion(*pair, num_classes) for pair in pairs), evaluator)
    for name, value in rules.semantic(pairs, num_classes, evaluator).items():
        if not np.isnan(value):
            np.testing.assert_allclose(getattr(scores, name), value, atol=2e-10, rtol=0, err_msg=name)
