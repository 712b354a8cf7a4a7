"""Joints below the threshold are placed within their own person; those that were found stay where they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.missing_joints import place_missing_joints
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.structures import ImageGeometry, make_people
from mmhparse.testing import synthetic_scene

LEFT_WRIST = 9


@pytest.fixture
def scene():
    """Two people, their true fields of the doubled image, and which wrists are visible."""
    annotation = synthetic_scene(3, (192, 256), 2).annotation
    codec = DifferentiableGroupingCodec()
    fields = codec.encode(annotation).as_prediction(15)
    fields.joint_heatmaps[:, LEFT_WRIST] *= 0.05  # below every threshold, but still highest at the wrists
    return annotation, fields


def decode(fields, **options):
    size = tuple(4 * length for length in fields.joint_heatmaps.shape[:1:-1])
    geometry = ImageGeometry((size[0] // 2, size[1] // 2), size)  # the image is half as large as the network input
    return DifferentiableGroupingCodec(people=options).decode(fields, geometry)[0]


def test_a_missing_joint_is_placed_at_its_own_peak(scene):
    annotation, fields = scene
    people = decode(fields, place_missing=True)
    assert len(people) == 2
    assert (people.keypoint_scores[:, LEFT_WRIST] == 0).all()
    wrists = torch.from_numpy(annotation.joints[:, LEFT_WRIST])  # (2, 3)
    placed = torch.cdist(people.keypoints[:, LEFT_WRIST], (wrists[:, :2] + 0.5) / 2 - 0.5)  # (2, 2)
    assert (wrists[:, 2] > 0).all()
    assert sorted(placed.argmin(1).tolist()) == [0, 1]  # each person has a wrist of its own
    assert placed.amin(1).max() < 1.0


def test_only_joints_that_were_not_found_move(scene):
    _, fields = scene
    before, after = decode(fields), decode(fields, place_missing=True)
    found = before.keypoint_scores > 0
    assert torch.equal(before.keypoints[found], after.keypoints[found])
    assert (before.keypoints[~found] == 0).all()
    assert (after.keypoints[~found] != 0).all()
    for column in ('keypoint_scores', 'scores', 'bboxes'):
        assert torch.equal(before[column], after[column])


def test_without_pixels_a_missing_joint_goes_to_the_middle_of_the_found_ones(scene):
    _, fields = scene
    keypoints, scores = torch.zeros(2, 17, 2), torch.zeros(2, 17)
    keypoints[0, :2], scores[0, :2] = torch.tensor([[2.0, 4.0], [6.0, 10.0]]), 0.5  # the second has nothing at all
    people = make_people(keypoints, scores, torch.tensor([0.5, 0.0]))
    nobody = PersonGrid(*np.zeros((3, 48, 64), np.int32), stride=4)
    placed = place_missing_joints(people, nobody, fields.pose)
    assert torch.equal(placed[0, :2], keypoints[0, :2])
    assert (placed[0, 2:] == torch.tensor([4.0, 7.0])).all()
    assert (placed[1] == 0).all()


def test_poses_of_another_model_are_kept(scene):
    _, fields = scene
    pose = torch.zeros(1, 17, 3)
    pose[0, 0] = torch.tensor([20.0, 20.0, 1.0])
    people, _ = DifferentiableGroupingCodec(people=dict(place_missing=True)).decode(fields, people=pose)
    assert (people.keypoints[0, 1:] == 0).all()


@pytest.mark.parametrize('decode_on', ['cpu', 'fields'])
def test_offsets_that_are_not_finite_are_named(decode_on):
    codec = DifferentiableGroupingCodec(people=dict(place_missing=True), decode_on=decode_on)
    fields = codec.encode(synthetic_scene(0, (128, 96), num_people=2).annotation).as_prediction(15)
    fields.pose.joint_heatmaps[:, 5] *= 0.01  # below the threshold of candidates
    codec.decode(fields)
    fields.pose.joint_offsets[:, 5] = torch.nan
    with pytest.raises(ValueError, match='joint_offsets hold NaN or infinity'):
        codec.decode(fields)


def test_offsets_of_the_best_cell_count(scene):
    _, fields = scene
    shifted = replace(fields.pose, joint_offsets=fields.joint_offsets + 3.0)
    people = decode(replace(fields, pose=shifted), place_missing=True)
    moved = people.keypoints - decode(fields, place_missing=True).keypoints
    missing = people.keypoint_scores[:, LEFT_WRIST] == 0
    assert missing.all() and torch.allclose(moved[:, LEFT_WRIST], torch.tensor(1.5), atol=1e-4)
