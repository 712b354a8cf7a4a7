"""LimbLoss: squared error of the limb fields."""

from torch import Tensor, nn

from mmhparse.registry import MODELS
from mmhparse.structures import PoseFields, PoseTargets

from .normaliser import normaliser


@MODELS.register_module()
class LimbLoss(nn.Module):
    """Squared distance between limb vectors, summed over cells and divided by the number of cells on limbs.

    So the many empty cells do not drown the few on limbs, whatever the number of people.

    Args:
        weight: Weight of the loss.
    """

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, fields: PoseFields, targets: PoseTargets) -> dict[str, Tensor]:
        counts = targets.limb_weight[:, None]
        error = (fields.limb_fields - targets.limb_fields).square().sum(2) * counts
        on_limb = (targets.limb_fields != 0).any(2) * counts
        return dict(loss_limb=self.weight * error.sum() / normaliser(on_limb.sum()))
