"""Synthetic scenes: the truth is exact, and the scenes are as varied as promised."""

import numpy as np
import pytest

from mmhparse.structures import COCO_17, DENSEPOSE_14
from mmhparse.testing import SyntheticScene, synthetic_scene

PART = {name: label for label, name in enumerate(DENSEPOSE_14.parts)}
JOINT = {name: index for index, name in enumerate(COCO_17.joints)}
MIRRORED_PARTS = [PART[name] for name in DENSEPOSE_14.parts if name.startswith('left_')]


@pytest.fixture(scope='module')
def scenes() -> list[SyntheticScene]:
    return [synthetic_scene(seed) for seed in range(200)]


def people_of(scenes: list[SyntheticScene]):
    """Mask (H, W), joints (17, 3), part map (H, W) and box (4,) of every person."""
    for scene in scenes:
        truth = scene.annotation
        for index in range(len(truth)):
            yield truth.person_map == index + 1, truth.joints[index], truth.part_map, truth.boxes[index]


def pixels_under(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    columns, rows = np.floor(joints[:, :2] + 0.5).astype(int).T
    return rows, columns


def people_touch(person_map: np.ndarray) -> bool:
    pairs = [(person_map[1:], person_map[:-1]), (person_map[:, 1:], person_map[:, :-1])]
    return any(((one > 0) & (other > 0) & (one != other)).any() for one, other in pairs)


def test_a_seed_gives_one_scene_whatever_the_global_state():
    np.random.seed(1)
    first = synthetic_scene(7)
    np.random.seed(2)
    again = synthetic_scene(7)
    other = synthetic_scene(8)
    assert (first.image == again.image).all()
    for name in ('part_map', 'person_map', 'joints', 'boxes'):
        assert (getattr(first.annotation, name) == getattr(again.annotation, name)).all()
    assert (first.image != other.image).any()


def test_drawing_leaves_the_global_generator_alone():
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    synthetic_scene(0)
    assert np.random.rand() == expected


def test_types_and_shapes(scenes):
    for scene in scenes[:10]:
        truth = scene.annotation
        assert scene.image.shape == (192, 256, 3) and scene.image.dtype == np.uint8
        assert truth.part_map.shape == (192, 256) and truth.part_map.dtype == np.uint8
        assert truth.person_map.dtype == np.int32
        assert truth.joints.shape == (len(truth), 17, 3) and truth.joints.dtype == np.float32
        assert truth.boxes.shape == (len(truth), 4) and truth.boxes.dtype == np.float32


def test_maps_agree_and_ids_are_dense(scenes):
    for scene in scenes:
        truth = scene.annotation
        assert ((truth.person_map > 0) == (truth.part_map > 0)).all()
        assert truth.part_map.max() < len(DENSEPOSE_14)
        counts = np.bincount(truth.person_map.ravel())
        assert len(counts) == len(truth) + 1 and counts.min() >= 60


def test_boxes_are_tight(scenes):
    for mask, _, _, box in people_of(scenes):
        rows, columns = np.nonzero(mask)
        assert box.tolist() == [columns.min(), rows.min(), columns.max(), rows.max()]


def test_labelled_joints_are_inside_and_others_at_the_origin(scenes):
    for mask, joints, _, _ in people_of(scenes):
        labelled = joints[:, 2] > 0
        assert labelled.sum() >= 5
        assert set(np.unique(joints[:, 2])) <= {0, 1, 2}
        height, width = mask.shape
        assert (joints[labelled, :2] >= -0.5).all()
        assert (joints[labelled, :2] < (width - 0.5, height - 0.5)).all()
        assert (joints[~labelled] == 0).all()


def test_visible_joints_lie_on_a_part_of_their_own_side(scenes):
    for mask, joints, part_map, _ in people_of(scenes):
        visible = joints[:, 2] == 2
        rows, columns = pixels_under(joints[visible])
        assert mask[rows, columns].all()
        for joint, part in zip(np.flatnonzero(visible), part_map[rows, columns], strict=True):
            name, side = DENSEPOSE_14.parts[part], COCO_17.joints[joint].split('_')[0]
            assert name in ('torso', 'head') or name.startswith(side)
            assert (name == 'head') == (joint < 5)


def test_joints_whose_pixel_is_somebody_elses_are_hidden(scenes):
    hidden_by_others = 0
    for mask, joints, _, _ in people_of(scenes):
        labelled = joints[joints[:, 2] > 0]
        elsewhere = ~mask[pixels_under(labelled)]
        assert (labelled[elsewhere, 2] == 1).all()
        hidden_by_others += elsewhere.sum()
    assert hidden_by_others > 100


def test_joints_of_one_type_keep_apart(scenes):
    for scene in scenes:
        joints = scene.annotation.joints
        for index, one in enumerate(joints):
            for other in joints[:index]:
                both = (one[:, 2] > 0) & (other[:, 2] > 0)
                gaps = np.linalg.norm(one[both, :2] - other[both, :2], axis=1)
                assert (gaps > 7.99).all()


@pytest.mark.parametrize(
    ('part', 'joint'), [('hand', 'wrist'), ('foot', 'ankle'), ('lower_leg', 'ankle'), ('upper_arm', 'shoulder')]
)
def test_parts_are_nearer_their_own_joint_than_the_other_sides(scenes, part, joint):
    nearer = []
    for mask, joints, part_map, _ in people_of(scenes):
        ends = {side: joints[JOINT[f'{side}_{joint}']] for side in ('left', 'right')}
        if min(end[2] for end in ends.values()) == 0:
            continue
        for side, other in (('left', 'right'), ('right', 'left')):
            rows, columns = np.nonzero(mask & (part_map == PART[f'{side}_{part}']))
            if len(rows) >= 8:
                centre = np.array([columns.mean(), rows.mean()])
                nearer.append(np.hypot(*(centre - ends[side][:2])) < np.hypot(*(centre - ends[other][:2])))
    assert len(nearer) > 200
    assert np.mean(nearer) > 0.85


def test_left_and_right_are_the_persons_own(scenes):
    """Who shows both eyes faces the viewer and has the left shoulder at the right of the image; in a back view not."""
    facing, turned = [], []
    for _, joints, _, _ in people_of(scenes):
        shoulders = joints[[JOINT['left_shoulder'], JOINT['right_shoulder']]]
        if shoulders[:, 2].min() < 2:
            continue
        apart = shoulders[0, 0] - shoulders[1, 0]
        if joints[[JOINT['left_eye'], JOINT['right_eye']], 2].min() == 2:
            facing.append(apart > 0)
        elif joints[:3, 2].max() == 1 and joints[3:5, 2].min() == 2:
            turned.append(apart < 0)
    assert len(facing) > 50 and np.mean(facing) > 0.97
    assert len(turned) > 8 and np.mean(turned) > 0.97


def test_neither_side_is_favoured(scenes):
    areas = np.zeros(len(DENSEPOSE_14))
    for scene in scenes:
        areas += np.bincount(scene.annotation.part_map.ravel(), minlength=len(areas))
    mirrored = areas[list(DENSEPOSE_14.flip_indices)]
    assert (areas > 0).all()
    assert (np.abs(areas - mirrored) < 0.2 * areas).all()


def test_every_part_of_an_unhidden_front_view_is_there():
    """Large single people show most of their 14 parts."""
    shown = [len(np.unique(synthetic_scene(seed, num_people=1).annotation.part_map)) - 1 for seed in range(30)]
    assert np.median(shown) >= 12


def test_crowds_touch_and_their_sizes_vary(scenes):
    counts = [len(scene.annotation) for scene in scenes]
    assert set(counts) == set(range(1, 9))
    assert np.mean([people_touch(scene.annotation.person_map) for scene in scenes]) >= 0.4
    trunks = np.array([
        np.linalg.norm(joints[[5, 6], :2].mean(0) - joints[[11, 12], :2].mean(0))
        for _, joints, _, _ in people_of(scenes)
        if joints[[5, 6, 11, 12], 2].min() > 0
    ])  # fmt: skip
    assert trunks.max() / trunks.min() > 4


def test_some_people_leave_the_image(scenes):
    cut = [(joints[:, 2] == 0).any() for _, joints, _, _ in people_of(scenes)]
    assert 0.05 < np.mean(cut) < 0.5


def test_people_cannot_be_told_from_things_by_colour_alone(scenes):
    """Mean colours of people and background overlap: no threshold on a channel separates them."""
    inside = np.array([s.image[s.annotation.part_map > 0].mean(0) for s in scenes])
    outside = np.array([s.image[s.annotation.part_map == 0].mean(0) for s in scenes])
    for channel in range(3):
        thresholds = np.arange(256)
        right = [((inside[:, channel] > t).mean() + (outside[:, channel] <= t).mean()) / 2 for t in thresholds]
        assert min(right) > 0.2 and max(right) < 0.8


@pytest.mark.parametrize('num_people', [1, 5, 8])
@pytest.mark.parametrize('size', [(256, 192), (128, 96), (160, 320)])
def test_size_and_number_are_as_asked(size, num_people):
    scene = synthetic_scene(11, size=size, num_people=num_people)
    assert scene.annotation.size == size
    assert scene.image.shape == (size[1], size[0], 3)
    assert len(scene.annotation) == num_people


def test_numpy_integers_are_integers():
    scene = synthetic_scene(np.int64(5), size=(np.int32(128), np.int32(128)))
    assert (scene.image == synthetic_scene(5, size=(128, 128)).image).all()


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        ({'seed': -1}, 'seed must be an integer of at least 0, got -1'),
        ({'seed': 1.5}, 'seed must be an integer'),
        ({'seed': True}, 'seed must be an integer'),
        ({'seed': 0, 'size': (256, 32)}, r'at least 64, got \(256, 32\)'),
        ({'seed': 0, 'size': (256.0, 192.0)}, 'integers of at least 64'),
        ({'seed': 0, 'size': 256}, r'pair \(W, H\), got 256'),
        ({'seed': 0, 'size': (256, 192, 3)}, r'pair \(W, H\)'),
        ({'seed': 0, 'num_people': 0}, 'from 1 to 8, got 0'),
        ({'seed': 0, 'num_people': 9}, 'from 1 to 8, got 9'),
        ({'seed': 0, 'num_people': 2.0}, 'from 1 to 8, got 2.0'),
    ],
)
def test_bad_arguments_are_named(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        synthetic_scene(**arguments)


def test_too_many_people_for_the_image_are_refused_or_all_drawn():
    refused = 0
    for seed in (0, 1, 2, 79):
        try:
            assert len(synthetic_scene(seed, size=(64, 64), num_people=8).annotation) == 8
        except ValueError as error:
            assert '8 people do not fit' in str(error)
            refused += 1
    assert 0 < refused < 4
