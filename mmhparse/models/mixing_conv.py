"""mixing_conv: the spatial convolution of neck and branches."""

from typing import Literal

from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from torch import nn

Mixing = Literal['separable_5x5', 'plain_3x3']


def mixing_conv(in_channels: int, out_channels: int, mixing: Mixing, norm_cfg: dict) -> nn.Module:
    """Convolution, normalisation and ReLU.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        mixing: 'separable_5x5' is Panoptic-DeepLab's depthwise-separable convolution, with few weights and fast on a
            GPU; 'plain_3x3' has more weights but trains in half the time on a CPU.
        norm_cfg: Normalisation layer.

    Raises:
        ValueError: If ``mixing`` is not one of the choices.
    """
    if mixing == 'separable_5x5':
        return DepthwiseSeparableConvModule(in_channels, out_channels, 5, padding=2, norm_cfg=norm_cfg)
    if mixing == 'plain_3x3':
        return ConvModule(in_channels, out_channels, 3, padding=1, norm_cfg=norm_cfg)
    raise ValueError(f"mixing must be 'separable_5x5' or 'plain_3x3', got {mixing!r}.")
