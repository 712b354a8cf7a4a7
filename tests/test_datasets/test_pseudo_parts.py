import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.datasets.derived.body_segments import body_segments
from mmhparse.datasets.derived.pseudo_parts import HALF_WIDTH, pseudo_part_map
from mmhparse.structures import COCO_17, DENSEPOSE_14

JOINT = {name: index for index, name in enumerate(COCO_17.joints)}
PART = {name: index for index, name in enumerate(DENSEPOSE_14.parts)}


def make_joints(visibility: float = 2, **points) -> np.ndarray:
    """(17, 3) of the joints named."""
    joints = np.zeros((17, 3), np.float32)
    for name, point in points.items():
        joints[JOINT[name]] = (*point, visibility)
    return joints


def parts_at(joints: np.ndarray, *points, size=(80, 80)) -> list[str]:
    """Names of the parts that pixels of an image-wide mask take."""
    part_map = pseudo_part_map(np.ones(size, bool), joints)
    return [DENSEPOSE_14.parts[part_map[y, x]] for x, y in points]


def upright() -> np.ndarray:
    """A person who faces us, so that the left side is at greater x; trunk of 20 x 30 pixels."""
    points = dict(nose=(40, 10), left_eye=(42, 8), right_eye=(38, 8), left_ear=(45, 9), right_ear=(35, 9))
    for side, sign in (('left', 1), ('right', -1)):
        for name, (across, down) in dict(
            shoulder=(10, 20), elbow=(16, 34), wrist=(20, 46), hip=(10, 50), knee=(10, 62), ankle=(10, 74)
        ).items():
            points[f'{side}_{name}'] = 40 + sign * across, down
    return make_joints(**points)


def test_straight_arm_is_divided_at_its_joints_exactly():
    joints = make_joints(left_shoulder=(10, 20), left_elbow=(30, 20), left_wrist=(50, 20))
    mask = np.zeros((40, 70), bool)
    mask[15:26, 5:60] = True
    part_map = pseudo_part_map(mask, joints)
    expected = np.zeros((40, 70), np.uint8)
    # a column that holds a joint is as near to the part before it as to the one after; the earlier one has it
    for name, first, beyond in (
        ('torso', 5, 11), ('left_upper_arm', 11, 31), ('left_lower_arm', 31, 51), ('left_hand', 51, 60)
    ):  # fmt: skip
        expected[15:26, first:beyond] = PART[name]
    np.testing.assert_array_equal(part_map, expected)


def test_bent_knee_is_divided_along_the_bisector():
    joints = make_joints(right_hip=(20, 10), right_knee=(20, 40), right_ankle=(50, 40))
    names = parts_at(joints, (13, 45), (16, 47), (18, 30), (30, 42), (26, 33), (27, 34))
    assert names[:2] == ['right_upper_leg', 'right_lower_leg']
    assert names[2:4] == ['right_upper_leg', 'right_lower_leg']
    assert parts_at(joints, (24, 30), (30, 35)) == ['right_upper_leg', 'right_lower_leg']


def test_hand_and_foot_begin_where_forearm_and_lower_leg_end():
    joints = upright()
    for far, before, tip in (('left_wrist', 'left_elbow', 'left_hand'), ('right_ankle', 'right_knee', 'right_foot')):
        start, end = joints[JOINT[before], :2], joints[JOINT[far], :2]
        beyond, short = np.rint(end + 0.2 * (end - start)), np.rint(end - 0.3 * (end - start))
        names = parts_at(joints, *[tuple(point.astype(int)) for point in (beyond, short)])
        assert names[0] == tip
        assert names[1] == {'left_hand': 'left_lower_arm', 'right_foot': 'right_lower_leg'}[tip]


def _to_segment(point, start, end):
    """Distance of a point to a segment, by trying many points of it."""
    steps = np.linspace(0, 1, 200)[:, None]
    return np.hypot(*(start + steps * (np.asarray(end) - start) - point).T).min()


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=6, max_size=6, unique=True))
def test_legs_take_the_nearest_of_all_segments(points):
    names = ['left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle']
    at = {name: np.array(point, float) for name, point in zip(names, points, strict=True)}
    segments = [('torso', at['left_hip'], at['right_hip'])]
    for side in ('left', 'right'):
        hip, knee, ankle = (at[f'{side}_{name}'] for name in ('hip', 'knee', 'ankle'))
        segments.append((f'{side}_upper_leg', hip, knee))
        segments.append((f'{side}_lower_leg', knee, ankle))
        segments.append((f'{side}_foot', ankle, ankle + 0.3 * (ankle - knee)))
    part_map = pseudo_part_map(np.ones((40, 40), bool), make_joints(**at))
    for y, x in np.random.default_rng(0).integers(0, 40, (25, 2)):
        nearest = min(_to_segment((x, y), start, end) for _, start, end in segments)
        name = DENSEPOSE_14.parts[part_map[y, x]]
        own = min(_to_segment((x, y), start, end) for part, start, end in segments if part == name)
        # segments end a little short of their joints
        assert own <= nearest + 0.25


@pytest.mark.parametrize(
    'joint, part',
    [
        *[(name, 'head') for name in ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')],
        *[(f'{side}_{name}', 'torso') for side in ('left', 'right') for name in ('shoulder', 'hip')],
        ('left_elbow', 'left_lower_arm'), ('right_elbow', 'right_lower_arm'),
        ('left_knee', 'left_lower_leg'), ('right_knee', 'right_lower_leg'),
        ('left_wrist', 'left_hand'), ('right_wrist', 'right_hand'),
        ('left_ankle', 'left_foot'), ('right_ankle', 'right_foot'),
    ],
)  # fmt: skip
def test_one_joint_is_enough_for_a_part(joint, part):
    part_map = pseudo_part_map(np.ones((20, 20), bool), make_joints(**{joint: (10, 10)}))
    assert (part_map == PART[part]).all()


def test_unlabelled_elbow_lies_halfway():
    joints = make_joints(left_shoulder=(10, 20), left_wrist=(50, 20))
    assert parts_at(joints, (29, 22), (32, 22), (55, 22)) == ['left_upper_arm', 'left_lower_arm', 'left_hand']


def test_unlabelled_ends_go_on_straight():
    cut_below_knee = make_joints(left_hip=(20, 10), left_knee=(20, 30))
    assert parts_at(cut_below_knee, (20, 28), (20, 33), (23, 70)) == ['left_upper_leg', *2 * ['left_lower_leg']]
    above_elbow_hidden = make_joints(left_elbow=(20, 30), left_wrist=(20, 50))
    assert parts_at(above_elbow_hidden, (20, 32), (20, 25)) == ['left_lower_arm', 'left_upper_arm']
    cut_below_hips = upright()
    cut_below_hips[[JOINT[f'{side}_{name}'] for side in ('left', 'right') for name in ('knee', 'ankle')]] = 0
    assert parts_at(cut_below_hips, (51, 60), (29, 60), (40, 45)) == ['left_upper_leg', 'right_upper_leg', 'torso']


def test_unlabelled_hips_lie_below_the_shoulders():
    joints = upright()
    joints[JOINT['left_hip'] :] = 0
    assert parts_at(joints, (40, 40), (48, 38)) == ['torso', 'torso']


def test_unlabelled_face_lies_above_the_shoulders():
    joints = upright()
    joints[:5] = 0
    assert parts_at(joints, (40, 8), (40, 21)) == ['head', 'torso']


def test_arm_in_front_of_the_trunk_keeps_its_width_and_a_hidden_one_does_not():
    joints = upright()
    joints[JOINT['left_elbow'], :2] = 50, 36
    joints[JOINT['left_wrist'], :2] = 34, 36
    reach = int(HALF_WIDTH * 30)
    strip = [(42, 36), (42, 36 + reach - 1), (42, 36 - reach + 1)]
    assert parts_at(joints, *strip, (42, 36 + reach + 1)) == [*3 * ['left_lower_arm'], 'torso']
    joints[[JOINT['left_elbow'], JOINT['left_wrist']], 2] = 1
    assert parts_at(joints, *strip) == 3 * ['torso']


def test_hidden_leg_counts_as_twice_as_far_away():
    joints = make_joints(left_knee=(20, 10), left_ankle=(20, 70), right_knee=(50, 10), right_ankle=(50, 70))
    sides = [(28, 40), (32, 40), (34, 40), (36, 40)]
    assert parts_at(joints, *sides) == [*3 * ['left_lower_leg'], 'right_lower_leg']
    joints[[JOINT['left_knee'], JOINT['left_ankle']], 2] = 1
    assert parts_at(joints, *sides) == ['left_lower_leg', *3 * ['right_lower_leg']]
    # one visible joint is enough to be in front
    joints[JOINT['left_knee'], 2] = 2
    assert parts_at(joints, *sides) == [*3 * ['left_lower_leg'], 'right_lower_leg']


def test_mirrored_person_has_mirrored_parts():
    generator = np.random.default_rng(3)
    flip = list(COCO_17.flip_indices)
    for _ in range(20):
        joints = upright()
        joints[:, :2] += generator.normal(0, 4, (17, 2))
        joints[:, 2] = generator.choice([0, 1, 2], 17, p=[0.2, 0.2, 0.6])
        if not joints[:, 2].any():
            continue
        mask = generator.random((80, 81)) < 0.7
        mirrored = joints[flip].copy()
        mirrored[:, 0] = 80 - mirrored[:, 0]
        swapped = np.array(DENSEPOSE_14.flip_indices)[pseudo_part_map(mask, joints)]
        agree = pseudo_part_map(mask[:, ::-1], mirrored) == swapped[:, ::-1]
        # left and right are equally near to some pixels
        assert agree.mean() > 0.99


def test_labels_stay_in_the_mask_and_cover_it():
    mask = np.zeros((80, 80), bool)
    mask[5:, 16:64] = True
    part_map = pseudo_part_map(mask, upright())
    assert ((part_map > 0) == mask).all()
    assert set(np.unique(part_map)) == set(range(15))


def test_parts_do_not_depend_on_where_the_person_is():
    mask = np.ones((80, 80), bool)
    far = upright() + np.array([1000, 2000, 0], np.float32)
    big = np.zeros((2080, 1080), bool)
    big[2000:, 1000:] = True
    agree = pseudo_part_map(big, far)[2000:, 1000:] == pseudo_part_map(mask, upright())
    assert agree.mean() > 0.999


def test_empty_mask_and_missing_joints():
    assert not pseudo_part_map(np.zeros((8, 8), bool), upright()).any()
    with pytest.raises(ValueError, match='without labelled joints'):
        pseudo_part_map(np.ones((8, 8), bool), np.zeros((17, 3)))
    with pytest.raises(ValueError, match=r'\(17, 3\), got \(16, 3\)'):
        body_segments(np.zeros((16, 3)))
