"""Figures: lengths hold in every pose, and left and right come out right in every view."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.structures import COCO_17
from mmhparse.synthetic.figure import Body, View, pose_figure
from mmhparse.synthetic.pose import ACTIVITIES, ANGLE_LIMITS, Pose, sample_pose

JOINT = {name: index for index, name in enumerate(COCO_17.joints)}
seeds = st.integers(0, 10**6)


def visible_of(figure, *names):
    return [not figure.turned_away[JOINT[name]] for name in names]


@given(seeds)
def test_bones_keep_their_lengths_in_every_pose_and_view(seed):
    rng = np.random.default_rng(seed)
    body = Body.sample(rng)
    figure = pose_figure(body, sample_pose(rng), View(yaw=rng.uniform(-180, 180), roll=rng.uniform(-10, 10)))
    for side in ('left', 'right'):
        for start, end, length in (
            ('hip', 'knee', body.thigh),
            ('knee', 'ankle', body.shin),
            ('shoulder', 'elbow', body.upper_arm),
            ('elbow', 'wrist', body.lower_arm),
        ):
            assert np.linalg.norm(figure[f'{side}_{end}'] - figure[f'{side}_{start}']) == pytest.approx(length)
    assert np.linalg.norm(figure['left_shoulder'] - figure['right_shoulder']) == pytest.approx(2 * body.shoulder)


@given(seeds)
def test_sampled_angles_are_within_the_limits_of_joints(seed):
    pose = sample_pose(np.random.default_rng(seed))
    assert pose.activity in ACTIVITIES
    for name, (low, high) in ANGLE_LIMITS.items():
        angles = np.atleast_1d(getattr(pose, name))
        assert (angles >= low).all() and (angles <= high).all()


def test_all_activities_are_sampled():
    rng = np.random.default_rng(0)
    assert {sample_pose(rng).activity for _ in range(100)} == set(ACTIVITIES)


@pytest.mark.parametrize(
    'angles', [{'knee_flexion': (-20.0, 0.0)}, {'elbow_flexion': (0.0, 170.0)}, {'head_turn': 120.0}]
)
def test_impossible_angles_are_refused(angles):
    with pytest.raises(ValueError, match=f'{next(iter(angles))} must be between'):
        Pose(**angles)


def test_a_straight_body_is_one_stature_tall_and_upright():
    figure = pose_figure(Body(), Pose(), View())
    ground = max(figure['left_heel'][1], figure['left_toe'][1]) + 0.03
    crown = figure['head'][1] - 0.09
    assert ground - crown == pytest.approx(1.0, abs=0.04)
    assert figure['nose'][1] < figure['left_shoulder'][1] < figure['left_hip'][1] < figure['left_ankle'][1]


def test_seen_from_the_front_the_left_is_at_the_right_of_the_image():
    figure = pose_figure(Body(), Pose(), View(yaw=0))
    assert figure['left_shoulder'][0] > 0 > figure['right_shoulder'][0]
    assert figure['nose'][2] > figure['head'][2]
    assert all(visible_of(figure, 'nose', 'left_eye', 'right_eye', 'left_shoulder', 'right_shoulder'))


def test_seen_from_the_back_the_left_is_at_the_left_and_the_face_away():
    figure = pose_figure(Body(), Pose(), View(yaw=180))
    assert figure['left_shoulder'][0] < 0 < figure['right_shoulder'][0]
    assert not any(visible_of(figure, 'nose', 'left_eye', 'right_eye'))
    assert all(visible_of(figure, 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder'))


@pytest.mark.parametrize(('yaw', 'near', 'far', 'ahead'), [(90, 'right', 'left', 1), (-90, 'left', 'right', -1)])
def test_seen_from_the_side_the_far_half_is_away(yaw, near, far, ahead):
    figure = pose_figure(Body(), Pose(), View(yaw=yaw))
    assert ahead * (figure['nose'][0] - figure['head'][0]) > 0.05
    assert ahead * (figure['left_toe'][0] - figure['left_heel'][0]) > 0.05
    assert all(visible_of(figure, f'{near}_ear', f'{near}_eye', f'{near}_shoulder', f'{near}_hip'))
    assert not any(visible_of(figure, f'{far}_ear', f'{far}_eye', f'{far}_shoulder', f'{far}_hip'))


def test_from_above_what_is_nearer_is_lower():
    figure = pose_figure(Body(), Pose(hip_flexion=(90.0, 0.0)), View(yaw=0, pitch=15))
    level = pose_figure(Body(), Pose(hip_flexion=(90.0, 0.0)), View(yaw=0, pitch=0))
    assert level['left_knee'][1] == pytest.approx(level['left_hip'][1])
    assert figure['left_knee'][1] > figure['left_hip'][1] + 0.05


def test_flexion_goes_forwards_and_abduction_outwards():
    side = pose_figure(Body(), Pose(shoulder_flexion=(80.0, 0.0), knee_flexion=(60.0, 0.0)), View(yaw=90))
    assert side['left_wrist'][0] > side['left_shoulder'][0] + 0.2
    assert side['left_ankle'][0] < side['left_knee'][0] - 0.1
    front = pose_figure(Body(), Pose(shoulder_abduction=(90.0, 90.0)), View(yaw=0))
    assert front['left_wrist'][0] > front['left_shoulder'][0] + 0.25
    assert front['right_wrist'][0] < front['right_shoulder'][0] - 0.25
