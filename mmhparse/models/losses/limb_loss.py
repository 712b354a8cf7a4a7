"""LimbLoss: squared error of the limb fields."""

from torch import Tensor, nn

from mmhparse.registry import MODELS
from mmhparse.structures import PoseFields, PoseTargets

from .normaliser import normaliser


@MODELS.register_module()
class LimbLoss(nn.Module):
    """Squared distance between limb vectors, summed over cells and divided by the number of cells on limbs.

    With this normaliser the few cells on limbs count as much as the many empty ones, for any number of people.

    Args:
        weight: Weight of the loss.
    """

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, fields: PoseFields, targets: PoseTargets) -> dict[str, Tensor]:
        """``loss_limb`` of B images."""
        counts = targets.limb_weight[:, None]  # (B, 1, h, w)
        error = (fields.limb_fields - targets.limb_fields).square().sum(2) * counts  # (B, L, h, w)
        on_limb = (targets.limb_fields != 0).any(2) * counts  # (B, L, h, w)
        return dict(loss_limb=self.weight * error.sum() / normaliser(on_limb.sum()))
