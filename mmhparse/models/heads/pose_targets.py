"""pose_targets: mmpose's data samples -> our targets of joints and limbs."""

import torch

from mmhparse.structures import PoseTargets


def pose_targets(samples: list, stride: int) -> PoseTargets:
    """The ``gt_fields`` that a :class:`mmhparse.codecs.GroupingPoseCodec` made, as one batch.

    Args:
        samples: B data samples of mmpose. Where they have a ``heatmap_mask`` (1, h, w), cells outside it count nothing.
        stride: Input pixels per cell.

    Raises:
        ValueError: If they were made by another codec.
    """
    fields = [sample.gt_fields for sample in samples]
    if not all('joint_offsets' in image for image in fields):
        raise ValueError(
            f'the data samples have the fields {sorted(fields[0].keys())}: give GenerateTarget of the training '
            "pipeline encoder=dict(type='mmhparse.GroupingPoseCodec')."
        )
    heatmaps = torch.stack([image.heatmaps for image in fields])  # (B, K, h, w)
    counts = torch.ones_like(heatmaps[:, 0])  # (B, h, w)
    if 'heatmap_mask' in fields[0]:
        counts = torch.stack([image.heatmap_mask[0] for image in fields]).to(heatmaps)  # (B, h, w)
    return PoseTargets(
        joint_heatmaps=heatmaps,
        joint_offsets=torch.stack([image.joint_offsets for image in fields]).unflatten(1, (-1, 2)),  # (B, K, 2, h, w)
        limb_fields=torch.stack([image.limb_fields for image in fields]).unflatten(1, (-1, 2)),  # (B, L, 2, h, w)
        joint_weight=counts,
        offset_weight=torch.stack([image.offset_weight for image in fields]) * counts[:, None],  # (B, K, h, w)
        limb_weight=counts,
        stride=stride,
    )
