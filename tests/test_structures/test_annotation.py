from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.structures import COCO_17, DENSEPOSE_14, IGNORE, ParseAnnotation
from mmhparse.testing import synthetic_scene


def same(first: ParseAnnotation, second: ParseAnnotation) -> bool:
    names = ('part_map', 'person_map', 'joints', 'boxes')
    return all(np.allclose(getattr(first, name), getattr(second, name), atol=1e-4) for name in names)


def one_row(ids, labelled) -> ParseAnnotation:
    """A one-row image with those person ids; ``labelled`` says of each person whether it has a joint."""
    people = len(labelled)
    joints = np.zeros((people, 17, 3), np.float32)
    joints[:, 0, 0] = np.arange(1, people + 1)
    joints[:, 0, 2] = 2 * np.asarray(labelled)
    boxes = np.arange(4 * people, dtype=np.float32).reshape(people, 4)
    row = np.array([ids], np.int32)
    return ParseAnnotation((row > 0).astype(np.uint8), row, joints, boxes)


def test_absent_people_are_those_without_pixel_and_joint():
    annotation = one_row([0, 4, 2, IGNORE, 2], [False, False, True, False]).without_absent()
    # person 1 is absent, 2 and 4 have pixels, 3 has a joint
    np.testing.assert_array_equal(annotation.person_map, [[0, 3, 1, IGNORE, 1]])
    np.testing.assert_array_equal(annotation.joints[:, 0, 0], [2, 3, 4])
    np.testing.assert_array_equal(annotation.boxes[:, 0], [4, 8, 12])
    np.testing.assert_array_equal(annotation.part_map, [[0, 1, 1, 1, 1]])


def test_without_absent_people_is_itself_where_all_are_present():
    annotation = synthetic_scene(1).annotation
    assert same(annotation.without_absent(), annotation)
    assert len(one_row([0, 0], [False, False]).without_absent()) == 0
    assert len(one_row([0, 0], []).without_absent()) == 0


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, IGNORE]), min_size=1), st.lists(st.booleans(), min_size=4, max_size=4))
def test_ids_are_dense_and_keep_their_people(ids, labelled):
    before = one_row(ids, labelled)
    after = before.without_absent()
    assert set(np.unique(after.person_map)) <= {0, IGNORE, *range(1, len(after) + 1)}
    for column in range(len(ids)):
        old, new = before.person_map[0, column], after.person_map[0, column]
        if old in (0, IGNORE):
            assert new == old
        else:
            np.testing.assert_array_equal(after.joints[new - 1], before.joints[old - 1])


@pytest.mark.parametrize('seed', range(3))
def test_flipping_twice_changes_nothing(seed):
    annotation = synthetic_scene(seed).annotation
    once = annotation.flipped(COCO_17, DENSEPOSE_14)
    assert not same(once, annotation)
    assert same(once.flipped(COCO_17, DENSEPOSE_14), annotation)


def test_flip_moves_and_renames():
    annotation = synthetic_scene(0, (96, 64)).annotation
    part_map, person_map = annotation.part_map.copy(), annotation.person_map.copy()
    part_map[5, 10], part_map[6, 10], person_map[5, 10] = DENSEPOSE_14.parts.index('left_hand'), IGNORE, 1
    joints = annotation.joints[:1].copy()
    joints[0, [9, 10]] = [[10, 5, 2], [0, 0, 0]]
    one = ParseAnnotation(part_map, person_map, joints, np.array([[1, 2, 30, 40]], np.float32))
    flipped = one.flipped(COCO_17, DENSEPOSE_14)
    assert DENSEPOSE_14.parts[flipped.part_map[5, 85]] == 'right_hand'
    assert flipped.part_map[6, 85] == IGNORE and flipped.person_map[5, 85] == 1
    np.testing.assert_array_equal(flipped.joints[0, [9, 10]], [[0, 0, 0], [85, 5, 2]])
    np.testing.assert_array_equal(flipped.boxes, [[65, 2, 94, 40]])


def test_warp_by_whole_pixels_is_a_crop():
    annotation = synthetic_scene(4, (96, 64)).annotation
    moved = annotation.warped(np.array([[1.0, 0, -20], [0, 1, -10]]), (50, 40))
    np.testing.assert_array_equal(moved.part_map, annotation.part_map[10:50, 20:70])
    np.testing.assert_array_equal(moved.person_map, annotation.person_map[10:50, 20:70])
    x, y = (annotation.joints[..., :2] - [20, 10]).transpose(2, 0, 1)
    inside = (x >= -0.5) & (x < 49.5) & (y >= -0.5) & (y < 39.5) & (annotation.joints[..., 2] > 0)
    np.testing.assert_array_equal(moved.joints[..., 2] > 0, inside)
    np.testing.assert_allclose(moved.joints[inside][:, 0], x[inside], atol=1e-4)


@pytest.mark.parametrize('name', ['part_map', 'person_map'])
@pytest.mark.parametrize('kind', [bool, np.float32])
def test_maps_hold_integers(name, kind):
    """Before, OpenCV refused a mask in the middle of a warp, and floats failed as indices."""
    annotation = synthetic_scene(0, (96, 64)).annotation
    with pytest.raises(ValueError, match=f'{name} must hold integers, got {np.dtype(kind)}'):
        replace(annotation, **{name: getattr(annotation, name).astype(kind)})
