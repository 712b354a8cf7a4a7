import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmhparse.datasets import PersonLayer, flatten_layers
from mmhparse.structures import IGNORE

NOBODY = np.zeros((10, 12), bool)


def square(y0, y1, x0, x1):
    mask = NOBODY.copy()
    mask[y0:y1, x0:x1] = True
    return mask


def known(mask, part, joint=(3, 4)):
    joints = np.zeros((17, 3), np.float32)
    joints[0] = (*joint, 2)
    return PersonLayer(mask, np.full(mask.shape, part, np.uint8), joints)


def test_the_smaller_person_is_on_top_whatever_the_order():
    large, small = known(square(0, 10, 0, 8), 1), known(square(2, 5, 6, 10), 2)
    for layers, ids in (([large, small], (1, 2)), ([small, large], (2, 1))):
        annotation = flatten_layers(layers, NOBODY, 17)
        expected = np.zeros((10, 12), int)
        expected[0:10, 0:8], expected[2:5, 6:10] = ids
        np.testing.assert_array_equal(annotation.person_map, expected)
        assert annotation.part_map[3, 7] == 2 and annotation.part_map[0, 0] == 1


def test_boxes_go_round_what_is_visible():
    annotation = flatten_layers([known(square(0, 10, 0, 8), 1), known(square(0, 10, 6, 8), 2)], NOBODY, 17)
    np.testing.assert_array_equal(annotation.boxes, [[0, 0, 5, 9], [6, 0, 7, 9]])


def test_ignored_people_and_crowds_are_255_in_both_maps_and_crowds_are_below_all():
    crowd = square(0, 4, 0, 12)
    layers = [PersonLayer(square(2, 8, 0, 3)), known(square(3, 9, 5, 9), 7)]
    annotation = flatten_layers(layers, crowd, 17)
    assert len(annotation) == 1
    ignored = (crowd | layers[0].mask) & ~layers[1].mask
    np.testing.assert_array_equal(annotation.person_map == IGNORE, ignored)
    np.testing.assert_array_equal(annotation.part_map == IGNORE, ignored)
    np.testing.assert_array_equal(annotation.person_map == 1, layers[1].mask)


def test_covered_people_are_dropped_and_ids_stay_dense():
    same = square(2, 5, 2, 5)
    layers = [known(same, 1, (1, 1)), known(same, 2, (2, 2)), known(square(6, 8, 6, 8), 3, (7, 7))]
    annotation = flatten_layers(layers, NOBODY, 17)
    assert len(annotation) == 2
    assert set(np.unique(annotation.person_map)) == {0, 1, 2}
    np.testing.assert_array_equal(annotation.joints[:, 0, 0], [2, 7])
    assert annotation.part_map[3, 3] == 2


def test_nobody():
    annotation = flatten_layers([], NOBODY, 17)
    assert annotation.joints.shape == (0, 17, 3) and annotation.boxes.shape == (0, 4)
    assert not annotation.part_map.any() and not annotation.person_map.any()


def test_who_lacks_parts_is_kept_for_pose_and_who_lacks_joints_for_parsing():
    posed = known(square(0, 5, 0, 5), 1)
    layers = [PersonLayer(posed.mask, joints=posed.joints), PersonLayer(square(5, 9, 5, 9), np.full((10, 12), 3))]
    annotation = flatten_layers(layers, NOBODY, 17)
    np.testing.assert_array_equal(annotation.person_map, layers[0].mask + 2 * layers[1].mask)
    np.testing.assert_array_equal(annotation.part_map, IGNORE * layers[0].mask + 3 * layers[1].mask)
    np.testing.assert_array_equal(annotation.joints[0], posed.joints)
    assert not annotation.joints[1].any()


def test_the_later_person_may_be_on_top():
    layers = [known(square(2, 5, 6, 10), 2), known(square(0, 10, 0, 8), 1)]
    assert flatten_layers(layers, NOBODY, 17).part_map[3, 7] == 2
    assert flatten_layers(layers, NOBODY, 17, on_top='later').part_map[3, 7] == 1


def test_mistakes():
    with pytest.raises(ValueError, match=r'person 0: expected a mask of \(10, 12\), got \(5, 5\)'):
        flatten_layers([PersonLayer(np.ones((5, 5), bool))], NOBODY, 17)
    with pytest.raises(ValueError, match='at most 254 people'):
        row = [known(np.arange(300)[None] == index, 1) for index in range(255)]
        flatten_layers(row, np.zeros((1, 300), bool), 17)


def one_by_one(layers, crowd, on_top):
    """The same pixel by pixel: the owner of each is the last layer, in the order of painting, whose mask has it."""
    areas = [layer.mask.sum() if on_top == 'smaller' else 0 for layer in layers]
    order = sorted(range(len(layers)), key=lambda index: (-areas[index], index))
    owner = np.where(crowd, -2, -1)
    parts = np.where(crowd, IGNORE, 0)
    for row, column in np.ndindex(crowd.shape):
        for index in order:
            if layers[index].mask[row, column]:
                owner[row, column] = index
                part_map = layers[index].part_map
                parts[row, column] = IGNORE if part_map is None else part_map[row, column]
    kept = [index for index in range(len(layers)) if (owner == index).any() and not layers[index].ignored]
    ids = {-1: 0, **{index: number for number, index in enumerate(kept, start=1)}}
    return parts, np.vectorize(lambda index: ids.get(index, IGNORE))(owner), kept


@given(data=st.data(), on_top=st.sampled_from(['smaller', 'later']))
@settings(max_examples=80)
def test_windows_and_whole_masks_are_flattened_alike_pixel_by_pixel(data, on_top):
    crowd = data.draw(hnp.arrays(bool, (6, 7), elements=st.sampled_from([False, False, True])))
    whole, cut = [], []
    for _ in range(data.draw(st.integers(0, 5))):
        top, left = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 5))
        bottom, right = data.draw(st.integers(top, 6)), data.draw(st.integers(left, 7))
        window = slice(top, bottom), slice(left, right)
        mask = np.zeros((6, 7), bool)
        mask[window] = data.draw(hnp.arrays(bool, (bottom - top, right - left)))
        part_map = data.draw(st.none() | hnp.arrays(np.uint8, (6, 7), elements=st.integers(0, 5)))
        joints = data.draw(st.sampled_from([None, np.ones((2, 3), np.float32)]))
        whole.append(PersonLayer(mask, part_map, joints))
        cut.append(PersonLayer(mask[window], None if part_map is None else part_map[window], joints, window))
    parts, persons, kept = one_by_one(whole, crowd, on_top)
    for layers in (whole, cut):
        annotation = flatten_layers(layers, crowd, 2, on_top)
        np.testing.assert_array_equal(annotation.part_map, parts)
        np.testing.assert_array_equal(annotation.person_map, persons)
        assert annotation.person_map.dtype == np.int32 and len(annotation) == len(kept)
        for person, box in enumerate(annotation.boxes, start=1):
            rows, columns = np.nonzero(persons == person)
            np.testing.assert_array_equal(box, [columns.min(), rows.min(), columns.max(), rows.max()])


def test_masks_must_fill_their_windows():
    layer = PersonLayer(np.ones((3, 4), bool), window=(slice(0, 3), slice(0, 5)))
    with pytest.raises(ValueError, match=r'person 0: expected a mask of \(3, 5\), got \(3, 4\)'):
        flatten_layers([layer], NOBODY, 17)


def test_300_people_who_hide_each_other_but_for_254():
    layers = [known(square(row, row + 1, 0, 12), 1) for row in range(10)] * 30
    annotation = flatten_layers(layers, NOBODY, 17, on_top='later')
    assert len(annotation) == 10 and set(np.unique(annotation.person_map)) == set(range(1, 11))
    wide = np.zeros((20, 20), bool)
    pixels = np.eye(400, dtype=bool).reshape(400, 20, 20)
    with pytest.raises(ValueError, match='at most 254'):
        flatten_layers([PersonLayer(mask, np.ones_like(mask, np.uint8)) for mask in pixels[:300]], wide, 17)
