"""GroupingLoss: which fields its gradient reaches, that it is right, and that ignored regions get none."""

from dataclasses import replace

import pytest
import torch
from grouped_fields import codec, people_of, sound_leaves, total, with_pose
from mmengine.structures import InstanceData

from mmhparse.codecs import training_candidates
from mmhparse.models import GroupingLoss


@pytest.mark.parametrize('smoothing', ['square', 'entropy'])
def test_gradients_reach_joints_limbs_and_projection(batch, truth, person_maps, smoothing):
    targets, fields = truth
    leaves = sound_leaves(fields)
    loss = GroupingLoss(codec(joint_price=0.2), smoothing, gamma=0.4, pixel_weight=1.0)
    total(loss(leaves, targets, people_of(batch), person_maps)).backward()
    for tensor in (leaves.pose.joint_heatmaps, leaves.pose.limb_fields, leaves.projection[0]):
        assert tensor.grad.isfinite().all()
        assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize('which', ['link_weight', 'pixel_weight'])
def test_each_loss_reaches_the_trunk(tiny_parser, batch, truth, person_maps, which):
    targets, right = truth
    data = tiny_parser.data_preprocessor(batch, training=True)
    fields = tiny_parser.predict_fields(data['inputs'])
    # an untrained network has no peaks: help it over the threshold
    fields = with_pose(
        fields,
        joint_heatmaps=fields.joint_heatmaps + 0.7 * right.joint_heatmaps,
        joint_offsets=right.joint_offsets,
        limb_fields=fields.limb_fields + 0.5 * right.limb_fields,
    )
    fields = replace(fields, projection=(fields.projection[0] + right.projection[0], *fields.projection[1:]))
    weights = dict(link_weight=0.0, pixel_weight=0.0) | {which: 1.0}
    total(GroupingLoss(tiny_parser.codec, **weights)(fields, targets, people_of(batch), person_maps)).backward()
    gradient = tiny_parser.backbone.stem.conv.weight.grad
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def with_the_second_person_ignored(batch, targets, person_maps):
    """Only the first person of each image is annotated; the second person's cells (B, h, w) have weight 0."""
    alone = [InstanceData(joints=one.joints[:1]) for one in people_of(batch)]
    cells = torch.stack([owner == 2 for owner in person_maps])[:, 2::4, 2::4]
    weights = dict(joint_weight=targets.joint_weight * ~cells, limb_weight=targets.pose.limb_weight * ~cells)
    targets = replace(
        targets, pose=replace(targets.pose, **weights), projection_weight=targets.projection_weight * ~cells
    )
    return targets, alone, [torch.where(owner == 2, 255, owner) for owner in person_maps], cells


@pytest.mark.parametrize('smoothing', ['square', 'entropy'])
def test_ignored_regions_get_exactly_no_gradient(batch, truth, person_maps, smoothing):
    """One of two people is not annotated: with its region marked, nothing in it is taught, in any field."""
    targets, fields = truth
    targets, alone, maps, cells = with_the_second_person_ignored(batch, targets, person_maps)
    leaves = sound_leaves(fields)
    loss = GroupingLoss(codec(joint_price=0.2), smoothing, pixel_weight=1.0)
    total(loss(leaves, targets, alone, maps)).backward()
    found = training_candidates(
        leaves.pose, targets.joint_weight, alone, loss.codec.skeleton, loss.codec.candidate_options
    ).candidates
    inside = torch.zeros_like(found.mask)
    for image in range(2):
        columns, rows = found.xy[image].round().long().unbind(-1)
        inside[image] = (maps[image] == 255)[rows.clamp(0, 95), columns.clamp(0, 127)]
    assert inside.any() and not (found.mask & inside).any()
    for tensor in (leaves.projection[0], leaves.pose.joint_heatmaps, leaves.pose.limb_fields.flatten(1, 2)):
        gradient = tensor.grad if tensor.is_leaf else leaves.pose.limb_fields.grad.flatten(1, 2)
        ignored = cells[:, None].expand_as(gradient)
        assert (gradient[ignored] == 0).all()
        assert (gradient[~ignored] != 0).any()


def test_links_over_an_ignored_region_are_scored_but_not_taught_there(batch, truth):
    """The middle of the image is ignored: links from one side to the other pass over it."""
    targets, fields = truth
    weight = targets.joint_weight.clone()
    weight[:, :, 10:22] = 0
    changed = replace(targets, pose=replace(targets.pose, joint_weight=weight, limb_weight=weight))
    people = [
        InstanceData(joints=torch.tensor([[[10.0 + 100 * (joint % 2), 12.0 + 4 * joint, 2] for joint in range(17)]]))
        for _ in range(2)
    ]
    heatmaps = torch.zeros_like(fields.joint_heatmaps)
    offsets = torch.zeros_like(fields.pose.joint_offsets)
    for joint, (x, y, _) in enumerate(people[0].joints[0].tolist()):
        row, column = int(y // 4), int(x // 4)
        heatmaps[:, joint, row, column] = 0.7
        offsets[:, joint, 0, row, column] = x - (4 * column + 1.5)
        offsets[:, joint, 1, row, column] = y - (4 * row + 1.5)
    leaves = with_pose(fields, joint_heatmaps=heatmaps, joint_offsets=offsets).as_leaves()
    loss = GroupingLoss(codec())
    loss(leaves, changed, people)['loss_grouping_links'].backward()
    gradient = leaves.pose.limb_fields.grad
    assert (gradient[..., 10:22] == 0).all()
    assert (gradient[..., :10] != 0).any() and (gradient[..., 22:] != 0).any()
    leaves = leaves.as_leaves()
    loss(leaves, targets, people)['loss_grouping_links'].backward()
    assert (leaves.pose.limb_fields.grad[..., 10:22] != 0).any()


@pytest.mark.parametrize('smoothing', ['square', 'entropy'])
@pytest.mark.parametrize('which', ['link_weight', 'pixel_weight'])
def test_gradcheck_of_the_whole_loss(batch, truth, person_maps, smoothing, which):
    """In float64, along random directions of joint heatmaps, limb fields and projection at once."""
    targets, fields = truth
    generator = torch.Generator().manual_seed(0)
    fields = sound_leaves(fields).detach().map(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)
    weights = dict(link_weight=0.0, pixel_weight=0.0) | {which: 1.0}
    loss = GroupingLoss(codec(joint_price=0.2), smoothing, pixels=32, spread=3.0, **weights)
    names = ('joint_heatmaps', 'limb_fields')
    inputs = [getattr(fields.pose, name) for name in names] + [fields.projection[0]]
    inputs = [tensor + 1e-3 * torch.rand(tensor.shape, generator=generator) for tensor in inputs]  # no equal peaks
    directions = [torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1 for tensor in inputs]

    def along(*lengths):
        moved = [tensor + length * way for tensor, length, way in zip(inputs, lengths, directions, strict=True)]
        changed = with_pose(fields, **dict(zip(names, moved[:2], strict=True)))
        changed = replace(changed, projection=(moved[2], *fields.projection[1:]))
        return total(loss(changed, targets, people_of(batch), person_maps))

    at = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in inputs]
    assert torch.autograd.gradcheck(along, at, eps=1e-6, atol=1e-5, rtol=1e-4)
    gradients = torch.autograd.grad(along(*at), at, allow_unused=True)
    assert all(value.abs() > 0 for value in gradients[: 2 if which == 'link_weight' else 3])
