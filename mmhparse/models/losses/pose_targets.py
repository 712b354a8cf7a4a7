"""PoseTargets: what mmpose's data samples hold of our targets."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PoseTargets:
    """Those of :class:`mmhparse.structures.TargetFields` that joint and limb loss read."""

    joint_heatmaps: Tensor
    joint_offsets: Tensor
    limb_fields: Tensor
    joint_weight: Tensor
    offset_weight: Tensor
    limb_weight: Tensor
    stride: int

    @classmethod
    def of_samples(cls, samples: list, stride: int) -> 'PoseTargets':
        """From the ``gt_fields`` that a :class:`GroupingPoseCodec` made, with a mask of what counts if there is one.

        Raises:
            ValueError: If they were made by another codec.
        """
        fields = [sample.gt_fields for sample in samples]
        if not all('joint_offsets' in image for image in fields):
            raise ValueError(
                f'the data samples have the fields {sorted(fields[0].keys())}: give GenerateTarget of the training '
                "pipeline encoder=dict(type='mmhparse.GroupingPoseCodec')."
            )
        heatmaps = torch.stack([image.heatmaps for image in fields])
        counts = torch.ones_like(heatmaps[:, 0])
        if 'heatmap_mask' in fields[0]:
            counts = torch.stack([image.heatmap_mask[0] for image in fields]).to(heatmaps)
        return cls(
            joint_heatmaps=heatmaps,
            joint_offsets=torch.stack([image.joint_offsets for image in fields]).unflatten(1, (-1, 2)),
            limb_fields=torch.stack([image.limb_fields for image in fields]).unflatten(1, (-1, 2)),
            joint_weight=counts,
            offset_weight=torch.stack([image.offset_weight for image in fields]) * counts[:, None],
            limb_weight=counts,
            stride=stride,
        )
