"""Records of tensors: what they refuse, what may be read from where, and that every tensor in them is changed."""

from dataclasses import replace

import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.structures import ParseFields, PoseFields, PoseTargets, TargetFields
from mmhparse.testing import synthetic_scene

POSE_FIELDS = ('joint_heatmaps', 'joint_offsets', 'limb_fields', 'stride')
POSE_TARGETS = (*POSE_FIELDS, 'joint_weight', 'offset_weight', 'limb_weight')


def pose_fields(batch=2, joints=3, limbs=2, shape=(4, 5)):
    return PoseFields(
        torch.rand(batch, joints, *shape), torch.rand(batch, joints, 2, *shape), torch.rand(batch, limbs, 2, *shape), 4
    )


def parse_fields(batch=2):
    projection = (torch.rand(batch, 2, 4, 5), torch.rand(batch, 2, 2, 3))
    return ParseFields(pose_fields(batch), projection, torch.rand(batch, 7, 8, 10), part_stride=2)


def tensors_of(fields: ParseFields):
    pose = fields.pose
    return [pose.joint_heatmaps, pose.joint_offsets, pose.limb_fields, *fields.projection, fields.part_logits]


def test_fields_of_pose_are_read_from_the_outer_record_too():
    fields = parse_fields()
    for name in POSE_FIELDS:
        assert getattr(fields, name) is getattr(fields.pose, name)
    targets = DifferentiableGroupingCodec().encode(synthetic_scene(0, (96, 64), num_people=1).annotation)
    assert isinstance(targets, TargetFields) and isinstance(targets.pose, PoseTargets)
    for name in POSE_TARGETS:
        assert getattr(targets, name) is getattr(targets.pose, name)
    with pytest.raises(AttributeError):
        fields.joint_heatmaps = fields.joint_offsets


def test_what_changes_a_record_reaches_each_of_its_tensors():
    fields = parse_fields()
    for one, whole in zip(tensors_of(fields.of_image(1)), tensors_of(fields), strict=True):
        assert torch.equal(one, whole[1:])
    doubled = fields.map(lambda tensor: 2 * tensor)
    for one, other in zip(tensors_of(doubled), tensors_of(fields), strict=True):
        assert torch.equal(one, 2 * other)
    assert {tensor.dtype for tensor in tensors_of(fields.to(torch.float64))} == {torch.float64}
    assert {tensor.dtype for tensor in tensors_of(fields.to(torch.float64).float())} == {torch.float32}
    assert (doubled.stride, doubled.part_stride, len(doubled)) == (4, 2, 2)


def test_one_batch_of_several_records():
    fields = parse_fields(3)
    joined = ParseFields.cat([fields.of_image(0), fields.of_image(1), fields.of_image(2)])
    for one, whole in zip(tensors_of(joined), tensors_of(fields), strict=True):
        assert torch.equal(one, whole)
    assert (joined.stride, joined.part_stride, len(joined)) == (4, 2, 3)


@pytest.mark.parametrize(
    ('changed', 'message'),
    [(dict(stride=8), 'stride: one record has 4'), (dict(limb_prices=torch.rand(2, 2)), 'limb_prices: .* NoneType')],
)
def test_records_that_disagree_are_not_joined(changed, message):
    pose = pose_fields()
    with pytest.raises(ValueError, match=message):
        PoseFields.cat([pose, replace(pose, **changed)])


def test_leaves_gather_gradients_of_their_own():
    fields = parse_fields()
    fields.part_logits.requires_grad_()
    leaves = fields.as_leaves()
    sum(tensor.sum() for tensor in tensors_of(leaves)).backward()
    assert all(tensor.is_leaf and (tensor.grad == 1).all() for tensor in tensors_of(leaves))
    assert fields.part_logits.grad is None
    assert not any(tensor.requires_grad for tensor in tensors_of(leaves.detach()))


def test_true_pose_is_a_prediction_of_the_same_tensors():
    targets = DifferentiableGroupingCodec().encode(synthetic_scene(0, (96, 64), num_people=1).annotation)
    fields = targets.as_prediction(15)
    for name in POSE_FIELDS:
        assert getattr(fields, name) is getattr(targets, name)
    assert torch.equal(fields.part_logits.argmax(1), targets.part_map.long())


def test_grids_that_disagree_are_refused():
    pose = pose_fields()
    with pytest.raises(ValueError, match=r'joint_offsets must be \(2, 3, 2, 4, 5\), got \(2, 4, 2, 4, 5\)'):
        PoseFields(pose.joint_heatmaps, torch.rand(2, 4, 2, 4, 5), pose.limb_fields, 4)
    with pytest.raises(ValueError, match=r'limb_fields must be \(2, 2, 2, 4, 5\), got \(1, 2, 2, 4, 5\)'):
        PoseFields(pose.joint_heatmaps, pose.joint_offsets, pose.limb_fields[:1], 4)
    with pytest.raises(ValueError, match=r'projection\[0\] must be \(2, 2, 4, 5\), got \(2, 2, 2, 3\)'):
        ParseFields(pose, (torch.rand(2, 2, 2, 3),), torch.rand(2, 7, 8, 10), 2)
