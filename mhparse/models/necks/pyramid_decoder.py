"""PyramidDecoder: context on the coarsest level, handed down to the finest."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mhparse.registry import MODELS

from ..mixing_conv import Mixing, mixing_conv


@MODELS.register_module()
class PyramidDecoder(BaseModule):
    """A top-down decoder in the manner of Panoptic-DeepLab (Cheng et al., CVPR 2020).

    Atrous pooling gives the coarsest level its context. Each finer level is narrowed by a 1x1 convolution, joined to
    what comes down from the coarser one, and mixed by a convolution.

    Args:
        in_channels: Channels of the backbone's levels, finest first.
        channels: Channels of every level that goes out.
        dilations: Rates of the atrous 3x3 convolutions.
        mixing: Kind of convolution.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation; Kaiming normal if not given.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int,
        dilations: Sequence[int] = (2, 4),
        mixing: Mixing = 'separable_5x5',
        norm_cfg: dict | None = None,
        init_cfg: dict | Sequence[dict] | None = None,
    ):
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        norm_cfg = norm_cfg or dict(type='BN')
        self.context = AtrousPooling(in_channels[-1], channels, dilations, norm_cfg)
        self.narrow = nn.ModuleList(ConvModule(width, channels, 1, norm_cfg=norm_cfg) for width in in_channels[:-1])
        self.mix = nn.ModuleList(mixing_conv(2 * channels, channels, mixing, norm_cfg) for _ in in_channels[:-1])

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Backbone features, finest first, to as many levels of ``channels`` channels."""
        levels = [self.context(features[-1])]
        for feature, narrow, mix in reversed(list(zip(features, self.narrow, self.mix, strict=False))):
            coarse = F.interpolate(levels[0], size=feature.shape[2:], mode='bilinear', align_corners=False)
            levels.insert(0, mix(torch.cat([narrow(feature), coarse], dim=1)))
        return tuple(levels)


class AtrousPooling(nn.Module):
    """Views of one level at several scales: a point, dilated neighbourhoods, and the whole image."""

    def __init__(self, in_channels: int, channels: int, dilations: Sequence[int], norm_cfg: dict):
        super().__init__()
        self.point = ConvModule(in_channels, channels, 1, norm_cfg=norm_cfg)
        self.around = nn.ModuleList(
            DepthwiseSeparableConvModule(
                in_channels, channels, 3, padding=dilation, dilation=dilation, norm_cfg=norm_cfg
            )
            for dilation in dilations
        )
        # one value an image and channel: batch normalisation has nothing to normalise there
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvModule(in_channels, channels, 1))
        self.merge = ConvModule((2 + len(dilations)) * channels, channels, 1, norm_cfg=norm_cfg)

    def forward(self, feature: Tensor) -> Tensor:
        views = [self.point(feature), *(around(feature) for around in self.around)]
        views.append(self.whole(feature).expand(-1, -1, *feature.shape[2:]))
        return self.merge(torch.cat(views, dim=1))
