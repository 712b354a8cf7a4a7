"""PyramidDecoder: context from the coarsest level for all finer ones."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhparse.registry import MODELS

from ..mixing_conv import Mixing, mixing_conv


@MODELS.register_module()
class PyramidDecoder(BaseModule):
    """A top-down decoder after Panoptic-DeepLab (Cheng et al., CVPR 2020).

    Atrous pooling adds context to the coarsest level. Each finer level is reduced to ``channels`` by a 1x1 convolution,
    concatenated with the enlarged coarser level, and mixed by a convolution.

    The output has the levels of ``strides``: those of the backbone from ``out_stride`` on. Finer levels of the backbone
    are not used; if its finest level is coarser than ``out_stride``, that is enlarged and mixed once more.

    Args:
        in_channels: Channels of the backbone's levels, finest first.
        channels: Channels of every output level.
        in_strides: Input pixels per cell of the backbone's levels.
        out_stride: Stride of the finest output level.
        dilations: Rates of the atrous 3x3 convolutions.
        mixing: Kind of convolution.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation; by default Kaiming normal.

    Raises:
        ValueError: If the strides of the backbone cannot be brought to ``out_stride``.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int,
        in_strides: Sequence[int] = (4, 8, 16, 32),
        out_stride: int = 4,
        dilations: Sequence[int] = (2, 4),
        mixing: Mixing = 'separable_5x5',
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        norm_cfg = norm_cfg or dict(type='BN')
        self.unused = sum(stride < out_stride for stride in in_strides)
        in_channels, in_strides = in_channels[self.unused :], in_strides[self.unused :]
        if not in_strides or in_strides[0] % out_stride:
            raise ValueError(
                f'the backbone has levels of strides {tuple(in_strides)} from stride {out_stride} on, which cannot '
                f'be brought to stride {out_stride} of the codec: its finest must be a multiple of that.'
            )
        self.enlarge = in_strides[0] // out_stride
        self.strides = (*((out_stride,) if self.enlarge > 1 else ()), *in_strides)
        self.context = AtrousPooling(in_channels[-1], channels, dilations, norm_cfg)
        self.narrow = nn.ModuleList(ConvModule(width, channels, 1, norm_cfg=norm_cfg) for width in in_channels[:-1])
        self.mix = nn.ModuleList(mixing_conv(2 * channels, channels, mixing, norm_cfg) for _ in in_channels[:-1])
        self.finest = mixing_conv(channels, channels, mixing, norm_cfg) if self.enlarge > 1 else None

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Backbone features, finest first, to the levels of ``strides``, each of ``channels`` channels."""
        *finer, coarsest = features[self.unused :]
        levels = [self.context(coarsest)]
        for feature, narrow, mix in reversed(list(zip(finer, self.narrow, self.mix, strict=True))):
            coarse = F.interpolate(levels[0], size=feature.shape[2:], mode='bilinear', align_corners=False)
            levels.insert(0, mix(torch.cat([narrow(feature), coarse], dim=1)))
        if self.finest is not None:
            enlarged = F.interpolate(levels[0], scale_factor=self.enlarge, mode='bilinear', align_corners=False)
            levels.insert(0, self.finest(enlarged))
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
