"""JointLoss: focal loss of the joint heatmaps, and L1 of the offsets."""

import torch
from torch import Tensor, nn

from mmhparse.registry import MODELS
from mmhparse.structures import PoseFields, PoseTargets

from .normaliser import normaliser


@MODELS.register_module()
class JointLoss(nn.Module):
    """Focal loss of the joint heatmaps, and L1 distance of the offsets.

    Args:
        heatmap_weight: Weight of the penalty-reduced focal loss (Law and Deng, "CornerNet", ECCV 2018, alpha 2,
            beta 4), summed over cells and divided by the number of joints.
        offset_weight: Weight of the mean L1 distance, in cells, of the offsets near joints.
    """

    def __init__(self, heatmap_weight: float = 1.0, offset_weight: float = 1.0):
        super().__init__()
        self.heatmap_weight = heatmap_weight
        self.offset_weight = offset_weight

    def forward(self, fields: PoseFields, targets: PoseTargets) -> dict[str, Tensor]:
        """``loss_joint_heatmap`` and ``loss_joint_offset`` of B images."""
        heatmap = focal_heatmap_loss(fields.joint_heatmaps, targets.joint_heatmaps, targets.joint_weight[:, None])
        weight = targets.offset_weight[:, :, None]  # (B, K, 1, h, w)
        error = (fields.joint_offsets - targets.joint_offsets).abs() * weight / fields.stride  # (B, K, 2, h, w)
        offset = error.sum() / normaliser(weight.sum()) / 2
        return dict(loss_joint_heatmap=self.heatmap_weight * heatmap, loss_joint_offset=self.offset_weight * offset)


def focal_heatmap_loss(heatmap: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Penalty-reduced focal loss, divided by the number of peaks.

    Args:
        heatmap: (B, K, h, w) in [0, 1].
        target: (B, K, h, w) in [0, 1]; exactly 1 at the peaks.
        weight: Broadcasts to (B, K, h, w).
    """
    heatmap = heatmap.float().clamp(1e-6, 1 - 1e-6)
    peak = target == 1
    hit = (1 - heatmap).square() * heatmap.log()
    miss = (1 - target).pow(4) * heatmap.square() * (1 - heatmap).log()
    return -(torch.where(peak, hit, miss) * weight).sum() / normaliser((peak * weight).sum())
