"""PartDecodeHead: the part branch as a decode head of mmsegmentation."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmhparse.registry import MODELS

from ..mixing_conv import Mixing
from .part_branch import PartBranch


@MODELS.register_module()
class PartDecodeHead(BaseModule):
    """Parts without people, in ``mmseg.EncoderDecoder``.

    It reads the finest level of a neck, for example ``dict(type='mmhparse.PyramidDecoder', in_channels=...,
    channels=...)``.

    Args:
        channels: Channels of that level.
        num_classes: C part classes, background included.
        stride: Input pixels per cell of that level.
        upsample: How many times finer the grid of the logits is.
        loss_decode: Config of a :class:`PartLoss` or :class:`SegmentationLosses`.
        mixing: Kind of convolution.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation.
    """

    align_corners = False

    def __init__(
        self,
        channels: int,
        num_classes: int,
        stride: int = 4,
        upsample: int = 2,
        loss_decode: dict | None = None,
        mixing: Mixing = 'separable_5x5',
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.num_classes = self.out_channels = num_classes
        self.stride = stride // upsample
        self.branch = PartBranch(channels, num_classes, upsample, norm_cfg or dict(type='BN'), mixing)
        self.loss_decode = MODELS.build(loss_decode or dict(type='mmhparse.PartLoss'))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (B, C, h', w'), from levels (B, channels, h_l, w_l), finest first."""
        return self.branch(inputs)

    def loss(self, inputs: Sequence[Tensor], batch_data_samples: list, train_cfg: dict | None) -> dict[str, Tensor]:
        """The losses of the logits against ``gt_sem_seg``; pixels of label 255 are left out."""
        labels = torch.cat([sample.gt_sem_seg.data for sample in batch_data_samples])  # (B, H, W)
        return self.loss_decode.of_logits(self(inputs), labels, self.stride)

    def predict(self, inputs: Sequence[Tensor], batch_img_metas: list[dict], test_cfg: dict | None) -> Tensor:
        """(B, C, H, W) logits at the size of the padded batch."""
        meta = batch_img_metas[0]
        size = tuple(meta.get('pad_shape', meta['img_shape'])[:2])
        return F.interpolate(self(inputs), size=size, mode='bilinear', align_corners=False)
