"""Scores of photos on people whose truth is known exactly."""

from dataclasses import replace

import numpy as np
import pytest
from annotated_people import SIZE, perfect_prediction, photo_of, standing_person
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.evaluation.photos import (
    AnnotatedPerson,
    AnnotatedPhoto,
    ParsedPhoto,
    joint_precision,
    judge_photo,
    mask_precision,
    score_photos,
    score_points,
)
from mmhparse.structures import COCO_17, DENSEPOSE_14

NOBODY = ParsedPhoto(np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.int32), np.zeros((0, 17, 2)), np.zeros(0))
SIDES = np.array(DENSEPOSE_14.flip_indices, np.uint8)


@pytest.fixture
def two_people() -> AnnotatedPhoto:
    return photo_of(standing_person(10), standing_person(100))


def test_a_perfect_prediction_scores_one(two_people):
    scores = score_photos([judge_photo(two_people, perfect_prediction(two_people))])
    assert set(scores.metrics().values()) == {1.0}
    assert set(scores.parts.by_part.values()) == {1.0}
    # four limbs of two sides, the trunk and the head, of two people
    assert scores.parts.points == 2 * (8 + 2)
    assert (scores.joints.people, scores.masks.people, scores.joints.predictions) == (2, 2, 2)


def test_nobody_found_scores_zero(two_people):
    assert set(score_photos([judge_photo(two_people, NOBODY)]).metrics().values()) == {0.0}


def test_one_of_two_people_found(two_people):
    prediction = perfect_prediction(two_people)
    person_map = np.where(prediction.person_map == 1, 1, 0)
    part_map = np.where(person_map > 0, prediction.part_map, 0)
    half = ParsedPhoto(part_map, person_map, prediction.keypoints[:1], prediction.scores[:1])
    scores = score_photos([judge_photo(two_people, half)])
    # COCO samples the precision at recalls 0.00, 0.01 ... 1.00; it is 1 up to 0.50
    assert scores.joints.ap == scores.masks.ap == pytest.approx(51 / 101)
    assert scores.parts.right == scores.parts.right_person == 0.5


def test_exchanged_sides(two_people):
    prediction = perfect_prediction(two_people)
    scores = score_points([judge_photo(two_people, replace(prediction, part_map=SIDES[prediction.part_map]))])
    # trunk and head have no side
    assert (scores.right, scores.right_but_for_side, scores.right_person) == (0.2, 1.0, 0.2)
    assert scores.by_part == {part: float(part in ('torso', 'head')) for part in scores.by_part}


def test_the_part_of_somebody_else_is_not_the_right_persons(two_people):
    prediction = perfect_prediction(two_people)
    merged = np.minimum(prediction.person_map, 1)
    # both masks are the first predicted person's, who can be matched to one of the two only
    scores = score_points([judge_photo(two_people, replace(prediction, person_map=merged))])
    assert (scores.right, scores.right_person) == (1.0, 0.5)


def test_the_order_of_the_predicted_people_is_free(two_people):
    prediction = perfect_prediction(two_people)
    exchanged = np.array([0, 2, 1])[prediction.person_map]
    swapped = ParsedPhoto(prediction.part_map, exchanged, prediction.keypoints[::-1], prediction.scores)
    assert set(score_photos([judge_photo(two_people, swapped)]).metrics().values()) == {1.0}


@pytest.mark.parametrize(('columns', 'share'), [(31, 6), (20, 1), (19, 0)])
def test_mask_ap_counts_the_thresholds_that_the_iou_reaches(columns, share):
    photo = photo_of(standing_person(10))
    prediction = perfect_prediction(photo)
    narrow = np.zeros(SIZE, np.int32)
    narrow[10:110, 10 : 10 + columns] = 1
    precision = mask_precision([judge_photo(photo, replace(prediction, person_map=narrow))])
    # IoU columns / 40: 31 / 40 reaches 0.50, 0.55 ... 0.75
    assert precision.ap == pytest.approx(share / 10)
    assert precision.ap50 == pytest.approx(float(share > 0))


@pytest.mark.parametrize('masked', [True, False])
def test_oks_ap_counts_the_thresholds_that_the_oks_reaches(masked):
    photo = photo_of(standing_person(10, masked=masked))
    (person,) = photo.people
    area = 40 * 100 * (1.0 if masked else 0.53)
    assert person.area == pytest.approx(area)
    # moves each joint by what makes its similarity 0.72: 0.50, 0.55 ... 0.70 are reached
    distance = np.sqrt(-np.log(0.72) * 8 * area) * np.array(COCO_17.sigmas)
    keypoints = person.joints[None, :, :2] + np.stack([distance, np.zeros(17)], axis=1)
    precision = joint_precision([judge_photo(photo, replace(perfect_prediction(photo), keypoints=keypoints))])
    assert precision.ap == pytest.approx(0.5)
    assert precision.ap50 == pytest.approx(1)


def false_alarm(photo: AnnotatedPhoto, left: float) -> ParsedPhoto:
    """A perfect prediction of the first person and a more certain one of somebody who is not there."""
    prediction, (x, y, width, height) = perfect_prediction(photo), standing_person(left).box.astype(int)
    person_map = np.where(prediction.person_map == 1, 1, 0)
    person_map[y : y + height, x : x + width] = 2
    keypoints = np.stack([photo.people[0].joints[:, :2], standing_person(left).joints[:, :2]])
    return ParsedPhoto(prediction.part_map, person_map, keypoints, np.array([0.5, 0.9]))


def test_a_box_alone_excuses_predictions():
    box_alone = standing_person(100, masked=False, visibility=0)
    photo = photo_of(standing_person(10), box_alone)
    prediction = false_alarm(photo, left=102)
    assert joint_precision([judge_photo(photo, prediction)]).ap == pytest.approx(1)
    assert joint_precision([judge_photo(photo, prediction)]).people == 1
    without_box = photo_of(standing_person(10))
    assert joint_precision([judge_photo(without_box, prediction)]).ap == pytest.approx(0.5)
    assert mask_precision([judge_photo(without_box, prediction)]).ap == pytest.approx(0.5)


def test_a_crowd_excuses_predictions():
    photo = photo_of(standing_person(10), standing_person(100, crowd=True))
    prediction = false_alarm(photo, left=100)
    scores = score_photos([judge_photo(photo, prediction)])
    assert (scores.joints.ap, scores.masks.ap) == pytest.approx((1, 1))
    assert scores.masks.people == 1
    # no point of a crowd is scored
    assert scores.parts.points == 10


def test_masks_are_scored_only_where_all_people_have_one():
    photo = photo_of(standing_person(10), standing_person(100, masked=False))
    precision = mask_precision([judge_photo(photo, perfect_prediction(photo))])
    assert (precision.people, precision.predictions) == (0, 0)
    assert np.isnan(precision.ap)
    assert score_photos([judge_photo(photo, perfect_prediction(photo))]).joints.ap == 1.0


def test_people_without_masks_are_matched_by_their_joints():
    photo = photo_of(standing_person(10, masked=False), standing_person(100, masked=False))
    assert score_points([judge_photo(photo, perfect_prediction(photo))]).right_person == 1.0


def test_photos_without_people_or_points():
    photo = photo_of()
    scores = score_photos([judge_photo(photo, NOBODY)])
    assert scores.parts.points == 0 and scores.parts.by_part == {}
    assert np.isnan(list(scores.metrics().values())).all()
    nobody_seen = photo_of(standing_person(10, visibility=0))
    assert np.isnan(score_points([judge_photo(nobody_seen, NOBODY)]).right)


def mirrored(photo: AnnotatedPhoto, prediction: ParsedPhoto) -> tuple[AnnotatedPhoto, ParsedPhoto]:
    """Both as a mirror shows them; left and right change places."""
    width, flip = photo.size[1], list(COCO_17.flip_indices)

    def joints(points):
        points = points[..., flip, :].copy()
        points[..., 0] = width - 1 - points[..., 0]
        return points

    people = []
    for person in photo.people:
        x, y, w, h = person.box
        points = np.where(person.joints[flip, 2:] > 0, joints(person.joints), 0)
        people.append(AnnotatedPerson(np.array([width - 1 - x - w, y, w, h]), points, person.mask[:, ::-1]))
    parts, persons = SIDES[prediction.part_map[:, ::-1]], prediction.person_map[:, ::-1]
    return photo_of(*people), ParsedPhoto(parts, persons, joints(prediction.keypoints), prediction.scores)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_a_mirror_changes_no_precision(seed):
    random = np.random.default_rng(seed)
    photo = photo_of(standing_person(10), standing_person(70))
    prediction = perfect_prediction(photo)
    moved = np.roll(prediction.person_map, random.integers(-15, 16), axis=1)
    wrong = np.where(random.random(SIZE) < 0.3, random.integers(0, 15, SIZE), prediction.part_map).astype(np.uint8)
    keypoints = prediction.keypoints + random.normal(0, 3, prediction.keypoints.shape)
    prediction = ParsedPhoto(wrong, moved, keypoints, random.random(2))
    scores = [
        score_photos([judge_photo(p, q)]).metrics() for p, q in ((photo, prediction), mirrored(photo, prediction))
    ]
    # points between two pixels are rounded, which a mirror does not preserve
    for name in ('OKS_AP', 'OKS_AP_50', 'mask_AP', 'mask_AP_50'):
        assert scores[0][name] == pytest.approx(scores[1][name]), name


def test_what_does_not_fit_is_refused(two_people):
    prediction = perfect_prediction(two_people)
    small = ParsedPhoto(prediction.part_map[:60], prediction.person_map[:60], prediction.keypoints, prediction.scores)
    with pytest.raises(ValueError, match=r"'photo.jpg' is \(60, 160\), but its annotations say \(120, 160\)"):
        judge_photo(two_people, small)
    with pytest.raises(ValueError, match='person_map has person 2, but there are 1 people'):
        replace(prediction, keypoints=prediction.keypoints[:1], scores=prediction.scores[:1])
    with pytest.raises(ValueError, match='keypoints must be'):
        replace(prediction, keypoints=prediction.keypoints[:, :16])
    with pytest.raises(ValueError, match='must have one shape'):
        replace(prediction, part_map=prediction.part_map[:60])
