"""Records: what they refuse, and what stays the same when they are moved."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import (
    COCO_17,
    DENSEPOSE_14,
    HumanParseDataSample,
    ImageGeometry,
    JointCandidates,
    Parsing,
    PartSet,
    Skeleton,
    TargetFields,
    empty_parts,
    enclosing_boxes,
    get_part_set,
    get_skeleton,
    make_people,
)
from mmhparse.testing import synthetic_scene

sides = st.integers(1, 2000)


@pytest.mark.parametrize('names', [COCO_17.joints, DENSEPOSE_14.parts])
def test_left_and_right_change_places(names):
    flip = (COCO_17 if names is COCO_17.joints else DENSEPOSE_14).flip_indices
    assert [flip[flip[index]] for index in range(len(names))] == list(range(len(names)))
    for index, name in enumerate(names):
        mirrored = name.replace('left', '?').replace('right', 'left').replace('?', 'right')
        assert names[flip[index]] == mirrored


def test_limbs_reach_every_joint():
    reached = {0}
    for _ in COCO_17.joints:
        reached |= {end for limb in COCO_17.limbs if reached & set(limb) for end in limb}
    assert reached == set(range(17))
    assert len(set(map(frozenset, COCO_17.limbs))) == len(COCO_17.limbs) == 25


@pytest.mark.parametrize('classes', [2, 7, 15, 20, 59, 255])
def test_each_class_of_a_palette_has_a_colour_of_its_own(classes):
    palette = PartSet('test', tuple(map(str, range(classes))), ()).palette
    assert len(palette) == classes
    assert palette[0] == (0, 0, 0)
    assert len(set(palette[:60])) == min(classes, 60)


def test_names_are_found_or_listed():
    assert get_skeleton('coco_17') is get_skeleton(COCO_17) is COCO_17
    assert get_part_set('densepose_14') is get_part_set(DENSEPOSE_14) is DENSEPOSE_14
    with pytest.raises(ValueError, match=r"no skeleton 'coco'; choose one of \['cihp_centres_9', 'coco_17'"):
        get_skeleton('coco')
    with pytest.raises(ValueError, match=r"no part set 'lip'; choose one of \['atr_18', 'cihp_19', 'densepose_14'"):
        get_part_set('lip')


def test_indices_outside_are_refused():
    with pytest.raises(ValueError, match=r'\(0, 2\) is not a pair of joint indices below 2'):
        Skeleton('two', ('a', 'b'), ((0, 2),), (), (0.1, 0.1))
    with pytest.raises(ValueError, match='2 joints but 1 sigmas'):
        Skeleton('two', ('a', 'b'), ((0, 1),), (), (0.1,))
    with pytest.raises(ValueError, match=r'swap \(0, 1\) is not a pair of part classes'):
        PartSet('two', ('background', 'head'), ((0, 1),))
    with pytest.raises(ValueError, match='expected 2 to 255 classes, got 1'):
        PartSet('one', ('background',), ())


@given(sides, sides, sides, sides, st.lists(st.tuples(st.floats(-50, 2050), st.floats(-50, 2050)), max_size=5))
def test_points_go_to_the_input_and_back(width, height, columns, rows, points):
    geometry = ImageGeometry((width, height), (columns, rows))
    points = np.array(points, dtype=np.float64).reshape(-1, 2)
    moved = geometry.points_to_input(points)
    np.testing.assert_allclose(geometry.points_to_image(moved), points, atol=1e-6, rtol=1e-9)
    np.testing.assert_allclose(points @ geometry.matrix[:, :2].T + geometry.matrix[:, 2], moved, atol=1e-6, rtol=1e-9)


@given(sides, sides)
def test_the_corners_of_the_image_are_those_of_the_input(width, height):
    geometry = ImageGeometry.from_metainfo(dict(ori_shape=(height, width, 3), img_shape=(60, 80)))
    corners = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]])
    np.testing.assert_allclose(geometry.points_to_input(corners), [[-0.5, -0.5], [79.5, 59.5]], atol=1e-9)
    xs, ys = geometry.pixels_in_input()
    assert (len(xs), len(ys)) == (width, height)
    np.testing.assert_allclose([xs[0], ys[0]], geometry.points_to_input(np.zeros(2)), atol=1e-9)


def test_boxes_surround_found_joints():
    points = torch.tensor([[[1.0, 2], [5, 0], [9, 9]], [[1, 1], [2, 2], [3, 3]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert enclosing_boxes(points, mask).tolist() == [[1, 0, 5, 2], [0, 0, 0, 0]]
    people = make_people(points, mask.float(), torch.ones(2))
    assert people.bboxes.tolist() == [[1, 0, 5, 2], [0, 0, 0, 0]]
    assert make_people(points[:0], mask[:0].float(), torch.ones(0)).bboxes.shape == (0, 4)
    with pytest.raises(ValueError, match='expected keypoints'):
        make_people(points, mask.float(), torch.ones(3))


def test_shapes_that_disagree_are_refused():
    with pytest.raises(ValueError, match='expected xy'):
        JointCandidates(torch.zeros(1, 2, 3, 2), torch.zeros(1, 2, 4), torch.zeros(1, 2, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match='two .* maps of one size'):
        Parsing(torch.zeros(2, 3), torch.zeros(3, 2), empty_parts())


def test_fields_are_split_and_joined():
    codec = DifferentiableGroupingCodec()
    single = [codec.encode(synthetic_scene(seed, (96, 64), num_people=1).annotation) for seed in range(3)]
    batch = TargetFields.cat(single)
    assert batch.joint_heatmaps.shape[0] == 3
    fields = batch.as_prediction(15)
    assert len(fields) == 3
    torch.testing.assert_close(fields.of_image(1).limb_fields, single[1].limb_fields)
    assert fields.to(torch.float64).projection[0].dtype == torch.float64
    other = codec.encode(synthetic_scene(0, (64, 64), num_people=1).annotation)
    with pytest.raises(ValueError, match=r'one size, got \(H, W\) of \[\(64, 64\), \(64, 96\)\]'):
        TargetFields.cat([single[0], other])


def test_data_sample_holds_only_what_it_names():
    sample = HumanParseDataSample(metainfo=dict(img_id=3))
    sample.pred_people = make_people(torch.zeros(0, 17, 2), torch.zeros(0, 17), torch.zeros(0))
    assert len(sample.pred_people) == 0
    assert 'pred_people' in sample.to_dict()
    with pytest.raises(AssertionError):
        sample.pred_parsing = 3
