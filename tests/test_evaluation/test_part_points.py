"""Where parts are known by the joints alone."""

from dataclasses import replace

import numpy as np
import pytest
from annotated_people import photo_of, standing_person

from mmhparse.evaluation.photos import part_points
from mmhparse.structures import COCO_17, DENSEPOSE_14


def points_of(photo, number=0):
    return {DENSEPOSE_14.parts[p.label]: (p.x, p.y) for p in part_points(photo, photo.people[number])}


def without(person, *joints):
    """The person with some joints hidden."""
    changed = person.joints.copy()
    changed[[COCO_17.joints.index(name) for name in joints], 2] = 1
    return replace(person, joints=changed)


def test_points_lie_amid_visible_joints():
    points = points_of(photo_of(standing_person(10)))
    assert points == {
        'left_upper_arm': (42, 40),  # shoulder (40, 32), elbow (43, 47): (41.5, 39.5) rounds to even
        'right_upper_arm': (18, 40),
        'left_lower_arm': (44, 54),
        'right_lower_arm': (16, 54),
        'left_upper_leg': (36, 72),
        'right_upper_leg': (24, 72),
        'left_lower_leg': (38, 92),
        'right_lower_leg': (22, 92),
        'torso': (30, 47),
        'head': (30, 17),
    }


@pytest.mark.parametrize(
    ('hidden', 'lost'),
    [
        (['left_elbow'], {'left_upper_arm', 'left_lower_arm'}),
        (['right_ankle'], {'right_lower_leg'}),
        (['left_hip'], {'left_upper_leg', 'torso'}),
        (['nose', 'left_eye', 'right_eye'], {'head'}),
        (['left_ear', 'right_ear'], set()),
    ],
)
def test_hidden_joints_have_no_points(hidden, lost):
    whole = points_of(photo_of(standing_person(10)))
    rest = points_of(photo_of(without(standing_person(10), *hidden)))
    assert set(whole) - set(rest) == lost
    assert rest.items() <= whole.items()


def test_one_visible_eye_shows_the_head():
    person = without(standing_person(10), 'nose', 'right_eye')
    assert points_of(photo_of(person))['head'] == (32, 16)


def test_points_outside_of_the_mask_are_left_out():
    person = standing_person(10)
    mask = person.mask.copy()
    mask[:60] = False
    points = points_of(photo_of(replace(person, mask=mask)))
    assert set(points) == {f'{side}_{part}_leg' for side in ('left', 'right') for part in ('upper', 'lower')}


def test_without_a_mask_points_in_the_box_of_another_are_left_out():
    # the other's box begins at x = 30
    photo = photo_of(standing_person(10, masked=False), standing_person(30))
    assert set(points_of(photo)) == {'right_upper_arm', 'right_lower_arm', 'right_upper_leg', 'right_lower_leg'}
    # the other has a mask, which decides
    assert len(points_of(photo, 1)) == 10


def test_points_beyond_the_border_are_those_of_the_border():
    person = standing_person(10, masked=False)
    moved = np.where(person.joints[:, 2:] > 0, person.joints - (0, 60, 0), 0)
    points = points_of(photo_of(replace(person, joints=moved)))
    assert points['head'] == (30, 0)
    assert all(y >= 0 for _, y in points.values())
