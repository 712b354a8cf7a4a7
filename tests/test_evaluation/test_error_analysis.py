"""Error analysis: damage of one kind is explained by that kind alone, and repairing all of it leaves none."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmhparse.evaluation.error_analysis import ERROR_KINDS, analyze_errors, claim_repaired, find_errors, score_repaired
from mmhparse.evaluation.functional import PeopleMaps, instance_part_ap
from mmhparse.testing import synthetic_scene

CLASSES = 5
SIZE = (60, 120)  # rows, columns


def truth_maps():
    """Two people of four stripes each, 12 rows high and 30 columns wide; the second lies to the right."""
    parts, persons = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.int32)
    for person, left in ((1, 10), (2, 70)):
        for part in range(1, CLASSES):
            rows = slice(6 + 12 * (part - 1), 6 + 12 * part)
            parts[rows, left : left + 30], persons[rows, left : left + 30] = part, person
    return parts, persons


def analyze(predicted, truth, scores=(0.9, 0.8, 0.7)):
    predicted, truth = PeopleMaps(*predicted), PeopleMaps(*truth)
    return analyze_errors([predicted], [scores[: predicted.num_people]], [truth], CLASSES, band=0.02)


def wrong_part(parts, persons):
    parts[(parts == 2) & (persons == 1)] = 4


def forgotten_part(parts, persons):
    gone = (parts == 2) & (persons == 1)
    parts[gone], persons[gone] = 0, 0


def invented_part(parts, persons):
    parts[10:40, 100:115], persons[10:40, 100:115] = 3, 2


def exchanged_halves(parts, persons):
    persons[30:] = np.where(persons[30:] > 0, 3 - persons[30:], 0)


def missed_person(parts, persons):
    parts[persons == 2], persons[persons == 2] = 0, 0


def false_person(parts, persons):
    parts[5:55, 105:115], persons[5:55, 105:115] = 3, 3


def shifted_borders(parts, persons):
    parts[:], persons[:] = np.roll(parts, 2, axis=0), np.roll(persons, 2, axis=0)


DAMAGES = {
    wrong_part: 'wrong_part', forgotten_part: 'wrong_part', invented_part: 'wrong_part',
    exchanged_halves: 'wrong_person', missed_person: 'missed_person', false_person: 'false_person',
    shifted_borders: 'boundary',
}  # fmt: skip


@pytest.mark.parametrize('damage', DAMAGES, ids=lambda damage: damage.__name__)
def test_one_kind_of_damage_is_explained_by_that_kind_alone(damage):
    predicted = truth_maps()
    damage(*predicted)
    result = analyze(predicted, truth_maps(), scores=(0.8, 0.7, 0.9))
    kind = ERROR_KINDS.index(DAMAGES[damage])
    others = np.delete(np.arange(5), kind)
    assert result.lost.sum() > 0
    np.testing.assert_allclose(result.gain_alone[kind], result.lost, atol=1e-12)
    np.testing.assert_allclose(result.gain_in_turn[kind], result.lost, atol=1e-12)
    np.testing.assert_array_equal(result.gain_alone[others], 0)
    np.testing.assert_array_equal(result.gain_in_turn[others], 0)
    assert result.counts[kind] > 0 and not result.counts[others].any()


@pytest.mark.parametrize('damage', DAMAGES, ids=lambda damage: damage.__name__)
def test_the_error_map_shows_the_kind_where_it_is(damage):
    predicted, truth = truth_maps(), truth_maps()
    damage(*predicted)
    shown = find_errors(PeopleMaps(*predicted), PeopleMaps(*truth), 3).error_map()
    assert set(shown[shown > 0].tolist()) == {ERROR_KINDS.index(DAMAGES[damage]) + 1}
    changed = (predicted[0] != truth[0]) | (predicted[1] != truth[1])
    np.testing.assert_array_equal(shown > 0, changed)


def test_counts():
    predicted = truth_maps()
    wrong_part(*predicted)
    assert analyze(predicted, truth_maps()).counts.tolist() == [0, 0, 0, 12 * 30, 0]
    missed = truth_maps()
    missed_person(*missed)
    assert analyze(missed, truth_maps()).counts.tolist() == [1, 0, 0, 0, 0]


def test_a_border_further_off_than_the_band_is_a_wrong_part():
    # the diagonal is 134 pixels, the band of 0.02 is 3
    predicted = truth_maps()
    predicted[0][:], predicted[1][:] = np.roll(predicted[0], 4, axis=0), np.roll(predicted[1], 4, axis=0)
    counts = analyze(predicted, truth_maps()).counts
    assert counts[3] > 0 and counts[4] == 0


def test_a_person_cut_in_two_is_a_false_person_and_pixels_of_the_wrong_one():
    predicted = truth_maps()
    predicted[1][:20][predicted[1][:20] == 1] = 3
    result = analyze(predicted, truth_maps())
    assert result.counts.tolist() == [0, 1, 14 * 30, 0, 0]
    np.testing.assert_allclose(result.ap_in_turn[2], 1)


def test_a_pixel_can_be_of_the_wrong_person_and_the_wrong_part():
    predicted, truth = truth_maps(), truth_maps()
    confused = (predicted[0] == 4) & (predicted[1] == 1)
    predicted[0][confused], predicted[1][confused] = 2, 2
    errors = find_errors(PeopleMaps(*predicted), PeopleMaps(*truth), 1)
    scores = np.array([0.9, 0.8])

    def part_of_person_1(*kinds):
        people, _ = errors.repaired(kinds, scores)
        return set(people.part_map[0][confused & (people.person_map[0] == 1)].tolist())

    assert part_of_person_1() == part_of_person_1('wrong_part') == set()
    assert part_of_person_1('wrong_person') == {2}
    assert part_of_person_1('wrong_person', 'wrong_part') == {4}


def test_ignored_pixels_are_never_wrong():
    predicted, truth = truth_maps(), truth_maps()
    wrong_part(*predicted)
    truth[0][(truth[0] == 2) & (truth[1] == 1)] = 255
    result = analyze(predicted, truth)
    np.testing.assert_array_equal(result.ap, np.ones(9))
    assert not result.counts.any()


def test_images_without_people_or_predictions():
    nobody = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.int32)
    images = [(truth_maps(), nobody), (nobody, truth_maps()), (truth_maps(), truth_maps())]
    claims = []
    for predicted, truth in images:
        predicted, truth = PeopleMaps(*predicted), PeopleMaps(*truth)
        claims.append(claim_repaired(predicted, np.full(predicted.num_people, 0.5), truth, CLASSES)[0])
    result = score_repaired(claims)
    assert result.counts.tolist() == [2, 2, 0, 0, 0]
    assert [image.lost_people() for image in claims] == [0.0, 2.0, 0.0]
    np.testing.assert_allclose(result.ap_in_turn[1:], 1)
    nothing_to_find = score_repaired(claims[:1])
    assert nothing_to_find.num_people == 0 and nothing_to_find.counts.tolist() == [0, 2, 0, 0, 0]
    assert np.isnan(nothing_to_find.lost).all() and np.isnan(nothing_to_find.gain_in_turn).all()
    assert np.isnan(score_repaired([]).ap).all()


def test_a_perfect_prediction_has_no_errors():
    result = analyze(truth_maps(), truth_maps())
    np.testing.assert_array_equal(result.ap, np.ones(9))
    assert not result.counts.any() and not result.gain_in_turn.any()


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_repairing_everything_gives_one_whatever_is_wrong(seed):
    rng = np.random.default_rng(seed)
    predicted, scores, truth = [], [], []
    for _ in range(3):
        size = tuple(rng.integers(8, 20, 2))
        true_parts, true_persons = (np.kron(rng.integers(0, n, size), np.ones((2, 2), int)) for n in (CLASSES, 4))
        noise = rng.random(true_parts.shape) < rng.random()
        parts = np.where(noise, rng.integers(0, CLASSES, noise.shape), true_parts)
        persons = np.where(rng.random(noise.shape) < rng.random(), rng.integers(0, 5, noise.shape), true_persons)
        true_parts[rng.random(noise.shape) < 0.05] = 255
        true_persons[rng.random(noise.shape) < 0.05] = 255
        predicted.append(PeopleMaps(parts, persons, 4))
        truth.append(PeopleMaps(true_parts, true_persons, 3))
        scores.append(rng.integers(0, 4, 4) / 4)  # with ties
    before = instance_part_ap(predicted, scores, truth, CLASSES)
    assume(before.num_people)
    result = analyze_errors(predicted, scores, truth, CLASSES)
    np.testing.assert_array_equal(result.ap, before.ap)
    np.testing.assert_allclose(result.ap_in_turn[-1], 1, atol=1e-12)
    np.testing.assert_allclose(result.gain_in_turn.sum(0), result.lost, atol=1e-12)


def test_people_who_overlap():
    # person 2 hides person 1; the prediction gives the shared pixels to person 1 alone
    maps = np.zeros((2, 20, 40), np.uint8)
    maps[0, :, :25], maps[1, :, 15:] = 1, 2
    predicted = maps.copy()
    predicted[1, :, 15:25] = 0
    truth = PeopleMaps.from_label_maps(maps)
    result = analyze_errors([PeopleMaps.from_label_maps(predicted)], [[0.9, 0.8]], [truth], 3)
    np.testing.assert_allclose(result.gain_in_turn.sum(0), result.lost)
    assert result.counts.tolist()[:2] == [0, 0]


def test_drawn_people_with_exchanged_legs():
    annotation = synthetic_scene(3, (160, 120), 3).annotation
    truth = PeopleMaps(annotation.part_map, annotation.person_map, len(annotation))
    swap = np.arange(256)
    swap[[8, 9]] = 9, 8
    predicted = PeopleMaps(swap[annotation.part_map] % 255, annotation.person_map % 255, len(annotation))
    result = analyze_errors([predicted], [np.linspace(0.9, 0.5, len(annotation))], [truth], 15)
    assert result.lost.mean() > 0.1
    np.testing.assert_allclose(result.gain_alone[ERROR_KINDS.index('wrong_part')], result.lost, atol=0.05)
