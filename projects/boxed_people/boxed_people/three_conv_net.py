"""ThreeConvNet: a backbone of three convolutions."""

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor

from mmhparse.registry import MODELS


@MODELS.register_module()
class ThreeConvNet(BaseModule):
    """Features at strides 4 and 8.

    Args:
        channels: Channels at stride 4; twice as many at stride 8.
        init_cfg: mmengine's initialisation.
    """

    def __init__(self, channels: int = 32, init_cfg: dict | None = None):
        super().__init__(init_cfg)
        norm = dict(type='BN')
        self.stem = ConvModule(3, channels, 5, stride=2, padding=2, norm_cfg=norm)
        self.fine = ConvModule(channels, channels, 3, stride=2, padding=1, norm_cfg=norm)
        self.coarse = ConvModule(channels, 2 * channels, 3, stride=2, padding=1, norm_cfg=norm)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) to (B, channels, H / 4, W / 4) and (B, 2 * channels, H / 8, W / 8)."""
        fine = self.fine(self.stem(image))
        return fine, self.coarse(fine)
