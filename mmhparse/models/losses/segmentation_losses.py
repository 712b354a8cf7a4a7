"""SegmentationLosses: losses of mmsegmentation on the part logits."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmhparse.registry import MODELS
from mmhparse.structures import IGNORE, ParseFields, TargetFields

from ..build_piece import build_piece


@MODELS.register_module()
class SegmentationLosses(nn.Module):
    """Another library's losses in place of :class:`PartLoss`.

    Args:
        losses: Their configs, e.g. ``[dict(type='mmseg.CrossEntropyLoss'), dict(type='mmseg.DiceLoss')]``. A loss is
            logged as ``loss_part_X`` if its own ``loss_name`` is ``loss_X``.
    """

    def __init__(self, losses: list[dict]):
        super().__init__()
        self.losses = nn.ModuleList(build_piece(loss, f'losses.part.losses.{i}') for i, loss in enumerate(losses))

    def forward(self, fields: ParseFields, targets: TargetFields) -> dict[str, Tensor]:
        """The losses of B images, by name."""
        return self.of_logits(fields.part_logits, targets.part_map)

    def of_logits(self, logits: Tensor, labels: Tensor, stride: int | None = None) -> dict[str, Tensor]:
        """The losses of logits (B, C, h, w) brought to the size of the labels (B, H, W)."""
        labels = labels.long()
        logits = F.interpolate(
            logits.float(), size=labels.shape[1:], mode='bilinear', align_corners=False
        )  # (B, C, H, W)
        values: dict[str, Tensor] = {}
        for loss in self.losses:
            name = f'loss_part_{str(loss.loss_name).removeprefix("loss_")}'
            values[name] = values.get(name, 0) + loss(logits, labels, ignore_index=IGNORE)
        return values
