"""ProjectionLoss: L1 of the dense-to-sparse projection field on all levels."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmhparse.registry import MODELS
from mmhparse.structures import ParseFields, TargetFields

from .normaliser import normaliser


@MODELS.register_module()
class ProjectionLoss(nn.Module):
    """Mean L1 distance of the projection vectors on people, over all levels of the field.

    Each level is brought to the finest grid. The error is counted in cells and divided by 10, as in the authors' code.

    Args:
        weight: Weight of the loss.
    """

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, fields: ParseFields, targets: TargetFields) -> dict[str, Tensor]:
        """``loss_projection`` of B images."""
        size = targets.projection.shape[2:]
        weight = targets.projection_weight[:, None]  # (B, 1, h, w)
        total = targets.projection.new_zeros(())
        for level in fields.projection:
            level = F.interpolate(level, size=size, mode='bilinear', align_corners=False)  # (B, 2, h, w)
            total = total + ((level - targets.projection).abs() * weight).sum()
        mean = total / len(fields.projection) / normaliser(weight.sum())
        return dict(loss_projection=self.weight * mean / fields.stride / 10)
