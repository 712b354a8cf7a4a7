"""True fields, a little wrong, for tests of the grouping loss."""

from dataclasses import replace

from mmengine.structures import InstanceData

from mmhparse.codecs import DifferentiableGroupingCodec


def codec(**limbs) -> DifferentiableGroupingCodec:
    return DifferentiableGroupingCodec(limbs=limbs)


def people_of(batch) -> list[InstanceData]:
    return [sample.gt_people for sample in batch['data_samples']]


def with_pose(fields, **tensors):
    return replace(fields, pose=replace(fields.pose, **tensors))


def sound_leaves(fields):
    """The truth a little blurred, so that nothing is certain, as leaves."""
    fields = with_pose(fields, joint_heatmaps=0.8 * fields.joint_heatmaps, limb_fields=0.5 * fields.limb_fields)
    return replace(fields, projection=tuple(level + 3 for level in fields.projection)).as_leaves()


def total(losses):
    return sum(value for name, value in losses.items() if name.startswith('loss'))
