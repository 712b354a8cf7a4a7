"""Other models' people in place of our own: poses and boxes, in the original image."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import ImageGeometry
from mmhparse.testing import synthetic_scene

SIZE = (256, 192)


@pytest.fixture(scope='module')
def codec():
    return DifferentiableGroupingCodec()


@pytest.fixture(scope='module')
def annotation():
    return synthetic_scene(3, SIZE, num_people=3).annotation


@pytest.fixture(scope='module')
def fields(codec, annotation):
    return codec.encode(annotation).as_prediction(15)


@pytest.fixture(scope='module')
def own(codec, fields):
    return codec.decode(fields)


def share_of_right_pixels(parsing, annotation, ids):
    """Share of the people's pixels that went to ``ids[p]``, the id that stands for true person p."""
    expected = np.concatenate([[0], ids])[annotation.person_map]
    people = annotation.person_map > 0
    return (parsing.person_map.numpy() == expected)[people].mean()


def test_our_own_poses_given_back_change_nothing(codec, fields, own):
    people, parsing = own
    given = InstanceData(keypoints=people.keypoints, keypoint_scores=people.keypoint_scores)
    again, parsed = codec.decode(fields, people=given)
    assert torch.equal(parsed.person_map, parsing.person_map)
    torch.testing.assert_close(again.keypoints, people.keypoints)


def test_true_poses_keep_their_order(codec, fields, annotation):
    people, parsing = codec.decode(fields, people=annotation.joints[::-1].copy())
    assert len(people) == 3
    assert share_of_right_pixels(parsing, annotation, [3, 2, 1]) > 0.98
    torch.testing.assert_close(people.keypoints, torch.from_numpy(annotation.joints[::-1, :, :2].copy()))


@pytest.mark.parametrize('as_instances', [False, True])
def test_true_boxes_keep_their_order_and_get_joints(codec, fields, annotation, as_instances):
    boxes = annotation.boxes[::-1].copy()
    given = boxes
    if as_instances:
        given = InstanceData(bboxes=torch.from_numpy(boxes), scores=torch.tensor([0.9, 0.8, 0.7]))
    people, parsing = codec.decode(fields, people=given)
    assert share_of_right_pixels(parsing, annotation, [3, 2, 1]) > 0.97
    torch.testing.assert_close(people.bboxes, torch.from_numpy(boxes))
    for found, scores, truth in zip(people.keypoints, people.keypoint_scores, annotation.joints[::-1], strict=True):
        both = (truth[:, 2] > 0) & (scores.numpy() > 0)
        assert both.sum() >= 3
        assert np.linalg.norm(found.numpy() - truth[:, :2], axis=1)[both].max() < 2
    if as_instances:
        assert (people.scores <= given.scores).all()
        assert (people.scores > 0).all()


def test_what_no_box_holds_is_nobodys(codec, fields, annotation):
    people, parsing = codec.decode(fields, people=annotation.boxes[:1])
    x1, y1, x2, y2 = annotation.boxes[0]
    rows, columns = np.nonzero(parsing.person_map.numpy() == 1)
    assert len(people) == 1
    assert len(rows)
    # a pixel goes with a cell next to it
    assert columns.min() > x1 - 6 and columns.max() < x2 + 6 and rows.min() > y1 - 6 and rows.max() < y2 + 6


def test_a_box_without_any_joint_still_gets_its_pixels(codec, fields, annotation):
    silent = replace(fields, pose=replace(fields.pose, joint_heatmaps=torch.zeros_like(fields.joint_heatmaps)))
    people, parsing = codec.decode(silent, people=annotation.boxes)
    assert (people.keypoint_scores == 0).all()
    alone = (annotation.person_map == 1) & (parsing.part_map.numpy() > 0)
    assert (parsing.person_map.numpy()[alone] > 0).all()
    assert (parsing.parts.scores > 0).all()
    assert len(codec.decode(silent)[0]) == 0


def test_people_are_in_pixels_of_the_original_image(codec, fields, annotation):
    """The same scene as a photo of twice the size: poses come back as they were given."""
    geometry = ImageGeometry((512, 384), SIZE)
    joints = annotation.joints.copy()
    joints[..., :2] = (joints[..., :2] + 0.5) * 2 - 0.5
    people, parsing = codec.decode(fields, geometry, people=joints)
    found = people.keypoint_scores > 0
    torch.testing.assert_close(people.keypoints[found], torch.from_numpy(joints[..., :2])[found])
    assert share_of_right_pixels_doubled(parsing, annotation) > 0.97


def share_of_right_pixels_doubled(parsing, annotation):
    expected = annotation.person_map.repeat(2, 0).repeat(2, 1)
    return (parsing.person_map.numpy() == expected)[expected > 0].mean()


@pytest.mark.parametrize('nobody', [np.zeros((0, 4)), np.zeros((0, 17, 3)), InstanceData(bboxes=torch.zeros(0, 4))])
def test_nobody_given_is_nobody_found(codec, fields, nobody):
    people, parsing = codec.decode(fields, people=nobody)
    assert len(people) == 0
    assert (parsing.person_map == 0).all()
    assert (parsing.part_map > 0).any()


@pytest.mark.parametrize(
    ('people', 'message'),
    [
        (np.zeros((2, 16, 3)), r'poses must have 17 joints.*\(2, 16, 2\)'),
        (np.zeros((2, 5)), r'boxes \(P, 4\).*got \(2, 5\)'),
        (np.array([[10, 10, np.nan, 20.0]]), 'must be finite'),
        (np.array([[10, 10, 5, 20.0]]), 'an inverted box'),
        (InstanceData(labels=torch.zeros(2)), r"bboxes or keypoints, got InstanceData with \['labels'\]"),
    ],
)
def test_other_things_are_refused(codec, fields, people, message):
    with pytest.raises(ValueError, match=message):
        codec.decode(fields, people=people)


@pytest.mark.parametrize('nobody', [[], np.zeros(0), torch.zeros(0)], ids=['list', 'array', 'tensor'])
def test_the_list_of_no_boxes_is_nobody(codec, fields, nobody):
    """As ``boxes.tolist()`` of a detector that found nobody."""
    people, parsing = codec.decode(fields, people=nobody)
    assert len(people) == 0 and not parsing.person_map.any()


def test_views_of_arrays(codec, fields, annotation):
    """torch takes no negative strides."""
    people, parsing = codec.decode(fields, people=annotation.joints[::-1])
    assert len(people) == 3 and share_of_right_pixels(parsing, annotation, [3, 2, 1]) > 0.98


def test_rows_of_unequal_lengths_are_named(codec, fields):
    with pytest.raises(ValueError, match=r'must be boxes \(P, 4\) or poses \(P, K, 3\), with rows of one length'):
        codec.decode(fields, people=[[1, 2, 3, 4], [1, 2]])


@pytest.mark.parametrize('people', [['a person'], {'boxes': []}], ids=['text', 'dict'])
def test_what_holds_no_numbers_is_named(codec, fields, people):
    with pytest.raises(TypeError, match=r'must be boxes \(P, 4\), poses \(P, K, 3\) or InstanceData.*got (list|dict)'):
        codec.decode(fields, people=people)
