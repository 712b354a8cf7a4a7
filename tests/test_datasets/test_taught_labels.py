"""A teacher's views, put right by masks and joints."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from annotated_people import SIZE, photo_of, standing_person

from mmhparse.datasets.derived import TaughtPerson, body_segments, taught_maps
from mmhparse.datasets.derived.pseudo_parts import nearest_parts
from mmhparse.evaluation.photos import part_points
from mmhparse.structures import DENSEPOSE_14, IGNORE

PARTS = DENSEPOSE_14.parts
OTHER_SIDE = np.array(DENSEPOSE_14.flip_indices, np.uint8)
NO_CROWD = np.zeros(SIZE, bool)
ROWS, COLUMNS = np.mgrid[: SIZE[0], : SIZE[1]]


def taught(left, *, masked=True, joints=True, parts=None, seen=None, certainty=0.9, lands_on=None):
    """A standing person and what a teacher sees of it, in the whole photo.

    Args:
        left, masked, joints: As for :func:`standing_person`.
        parts: (H, W) labels; those of the nearest limbs if not given.
        seen: (H, W) probability of a person; 0.9 in the person's box if not given.
        certainty: Of the parts.
        lands_on: Another person, on whose joints pixels land; if not given, the person's own.
    """
    person = standing_person(left, masked=masked)
    x, y, width, height = person.box
    box = np.array([x, y, x + width, y + height])
    points = np.stack([COLUMNS.ravel(), ROWS.ravel()], axis=1)
    true_parts = nearest_parts(points, body_segments(person.joints)).reshape(SIZE)
    landing = (lands_on or person).joints[:, None, None, :2] + np.zeros((1, *SIZE, 1))
    view = SimpleNamespace(
        window=(0, 0, SIZE[1], SIZE[0]),
        person=np.where(standing_person(left).mask, 0.9, 0.05).astype(np.float32) if seen is None else seen,
        parts=true_parts if parts is None else parts,
        certainty=np.full(SIZE, certainty, np.float32),
        landing=landing.astype(np.float32),
    )
    known = person.joints if joints else np.zeros_like(person.joints)
    return TaughtPerson(box, known, person.mask, view)


def true_parts(left):
    return taught(left).view.parts


def parts_at_points(part_map, left):
    photo = photo_of(standing_person(left))
    return {PARTS[p.label]: PARTS[part_map[p.y, p.x]] for p in part_points(photo, photo.people[0])}


def agree(part_map, left):
    points = parts_at_points(part_map, left)
    return {label for label, found in points.items() if found == label} == set(points)


def test_a_teacher_who_is_right_is_left_alone():
    person = taught(10)
    part_map, person_map = taught_maps([person], NO_CROWD)
    assert agree(part_map, 10)
    np.testing.assert_array_equal(person_map, person.mask)
    # beyond the cores of limbs nothing changes
    assert (part_map == person.view.parts)[person.mask].mean() > 0.98
    assert not part_map[~person.mask].any()


def test_masks_bound_people_whatever_the_teacher_sees():
    person = taught(10, seen=np.full(SIZE, 0.99, np.float32))
    _, person_map = taught_maps([person], NO_CROWD)
    np.testing.assert_array_equal(person_map, person.mask)
    blind = taught(10, seen=np.zeros(SIZE, np.float32))
    _, person_map = taught_maps([blind], NO_CROWD)
    np.testing.assert_array_equal(person_map, blind.mask)


def test_joints_decide_between_left_and_right():
    confused = taught(10, parts=OTHER_SIDE[true_parts(10)])
    raw, _ = taught_maps([confused], NO_CROWD, corrected=False)
    part_map, _ = taught_maps([confused], NO_CROWD)
    wrong = parts_at_points(raw, 10)
    assert all(label in ('torso', 'head') or found != label for label, found in wrong.items())
    assert agree(part_map, 10)
    # not only along the limbs, but wherever one side is clearly nearer than the other
    limbs = np.isin(true_parts(10), [PARTS.index(f'{side}_lower_leg') for side in ('left', 'right')]) & confused.mask
    assert (part_map == true_parts(10))[limbs].mean() > 0.9


@pytest.mark.parametrize('piece', ['hand', 'lower_arm', 'upper_arm'])
def test_joints_decide_between_the_pieces_of_an_arm(piece):
    parts = true_parts(10)
    for side in ('left', 'right'):
        arm = np.isin(parts, [PARTS.index(f'{side}_{name}') for name in ('hand', 'lower_arm', 'upper_arm')])
        parts = np.where(arm, PARTS.index(f'{side}_{piece}'), parts).astype(np.uint8)
    part_map, _ = taught_maps([taught(10, parts=parts)], NO_CROWD)
    assert agree(part_map, 10)


def test_an_arm_is_never_made_a_leg_beyond_its_core():
    """Joints choose among the pieces of one limb; that it is a limb is the teacher's to say."""
    torso = np.full(SIZE, PARTS.index('torso'), np.uint8)
    part_map, _ = taught_maps([taught(10, parts=torso)], NO_CROWD)
    assert set(np.unique(part_map)) > {PARTS.index('torso')}
    assert (part_map[standing_person(10).mask] == PARTS.index('torso')).mean() > 0.7


def test_without_correction_parts_are_the_teachers():
    torso = np.full(SIZE, PARTS.index('torso'), np.uint8)
    person = taught(10, parts=torso)
    part_map, _ = taught_maps([person], NO_CROWD, corrected=False)
    np.testing.assert_array_equal(part_map, np.where(person.mask, torso, 0))


def test_parts_that_are_uncertain_are_the_nearest_limbs():
    nonsense = np.full(SIZE, PARTS.index('left_foot'), np.uint8)
    part_map, _ = taught_maps([taught(10, parts=nonsense, certainty=0.1)], NO_CROWD)
    assert agree(part_map, 10)
    mask = standing_person(10).mask
    assert (part_map == true_parts(10))[mask].mean() > 0.98


def test_parts_that_are_uncertain_without_joints_are_ignored():
    person = taught(10, joints=False, certainty=0.1)
    part_map, person_map = taught_maps([person], NO_CROWD)
    assert (part_map[person.mask] == IGNORE).all()
    np.testing.assert_array_equal(person_map, person.mask)


def test_people_without_a_view_keep_their_mask_and_have_no_parts():
    person = replace(taught(10), view=None, joints=np.zeros((17, 3)))
    part_map, person_map = taught_maps([person], NO_CROWD)
    np.testing.assert_array_equal(person_map, person.mask)
    np.testing.assert_array_equal(part_map, np.where(person.mask, IGNORE, 0))


def test_a_box_alone_is_ignored_and_no_background():
    alone = replace(taught(60, masked=False, joints=False), view=None)
    part_map, person_map = taught_maps([taught(10), alone], NO_CROWD)
    inside = standing_person(60).mask
    assert (person_map[inside] == IGNORE).all() and (part_map[inside] == IGNORE).all()
    assert set(np.unique(person_map)) == {0, 1, IGNORE}


def test_crowds_are_ignored_unless_somebody_was_told_apart():
    crowd = np.zeros(SIZE, bool)
    crowd[:, 30:120] = True
    person = taught(10)
    part_map, person_map = taught_maps([person], crowd)
    np.testing.assert_array_equal(person_map == IGNORE, crowd & ~person.mask)
    np.testing.assert_array_equal(person_map == 1, person.mask)
    assert (part_map[person_map == IGNORE] == IGNORE).all()


def test_people_without_masks_have_the_pixels_that_land_on_their_joints():
    left, right = taught(10, masked=False), taught(100, masked=False)
    part_map, person_map = taught_maps([left, right], NO_CROWD)
    np.testing.assert_array_equal(person_map == 1, standing_person(10).mask)
    np.testing.assert_array_equal(person_map == 2, standing_person(100).mask)
    assert agree(part_map, 10) and agree(part_map, 100)


def test_pixels_that_land_elsewhere_are_ignored_where_there_is_somebody():
    stranger = taught(10, masked=False, lands_on=standing_person(110))
    _, person_map = taught_maps([stranger], NO_CROWD)
    mask = standing_person(10).mask
    # the cores of the limbs are the person's in any case
    assert set(np.unique(person_map[mask])) == {1, IGNORE}
    assert (person_map[mask] == IGNORE).mean() > 0.7
    assert not person_map[~mask].any()


def test_doubtful_pixels_are_ignored_and_unlikely_ones_background():
    seen = np.full(SIZE, 0.4, np.float32)
    seen[:60] = 0.1
    person_map = taught_maps([taught(10, masked=False, seen=seen)], NO_CROWD)[1]
    mask = standing_person(10).mask
    lower, upper = mask & (ROWS >= 60), mask & (ROWS < 60)
    assert set(np.unique(person_map[lower])) == {1, IGNORE}
    assert set(np.unique(person_map[upper])) == {0, 1}
    assert (person_map[upper] == 0).mean() > 0.7


def test_pixels_that_two_people_claim_are_ignored():
    """Where both boxes overlap, pixels land on the joints of both equally well."""
    first, second = taught(10, masked=False), taught(30, masked=False)
    middle = (standing_person(10).joints + standing_person(30).joints) / 2
    landing = (middle[:, None, None, :2] + np.zeros((1, *SIZE, 1))).astype(np.float32)
    for person in (first, second):
        person.view.landing = landing
    person_map = taught_maps([first, second], NO_CROWD)[1]
    both = standing_person(10).mask & standing_person(30).mask
    contested = person_map[both]
    assert (contested == IGNORE).mean() > 0.6
    assert 0 not in contested


def test_the_smaller_mask_lies_on_top():
    large, small = taught(10), taught(20)
    small.mask[60:] = False
    _, person_map = taught_maps([large, small], NO_CROWD)
    assert (person_map[small.mask] == 2).all()
    np.testing.assert_array_equal(person_map == 1, large.mask & ~small.mask)


def test_a_limb_in_the_mask_of_another_is_the_others():
    hidden, front = taught(10, masked=False), taught(30)
    _, person_map = taught_maps([hidden, front], NO_CROWD)
    assert (person_map[front.mask] == 2).all()
    assert (person_map == 1).any()
