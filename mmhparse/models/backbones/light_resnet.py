"""LightResNet: a residual network of about a million parameters that trains on a CPU."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhparse.registry import MODELS


@MODELS.register_module()
class LightResNet(BaseModule):
    """Two strided convolutions, then stages of plain residual blocks at strides 4, 8, 16 and 32.

    Args:
        stem_channels: Channels at stride 2.
        channels: Channels of the stages.
        blocks: Residual blocks of the stages.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation; by default Kaiming normal.
    """

    def __init__(
        self,
        stem_channels: int = 24,
        channels: Sequence[int] = (32, 64, 96, 128),
        blocks: Sequence[int] = (1, 2, 2, 2),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_channels = tuple(channels)
        self.stem = ConvModule(3, stem_channels, 3, stride=2, padding=1, norm_cfg=norm_cfg)
        self.stages = nn.ModuleList()
        before = stem_channels
        for width, count in zip(channels, blocks, strict=True):
            down = ConvModule(before, width, 3, stride=2, padding=1, norm_cfg=norm_cfg)
            self.stages.append(nn.Sequential(down, *(ResidualBlock(width, norm_cfg) for _ in range(count))))
            before = width

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to features (B, channels, h_l, w_l) at strides 4, 8, 16 and 32, finest first."""
        features = [self.stem(image)]  # (B, stem_channels, H / 2, W / 2)
        for stage in self.stages:
            features.append(stage(features[-1]))
        return tuple(features[1:])


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and an identity shortcut."""

    def __init__(self, channels: int, norm_cfg: dict):
        super().__init__()
        self.first = ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg)
        self.second = ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg, act_cfg=None)
        self.activate = nn.ReLU(inplace=True)

    def forward(self, feature: Tensor) -> Tensor:
        return self.activate(feature + self.second(self.first(feature)))
