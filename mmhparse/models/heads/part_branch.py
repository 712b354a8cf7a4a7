"""PartBranch: part logits, without regard to people."""

from torch import Tensor, nn

from ..mixing_conv import Mixing, mixing_conv


class PartBranch(nn.Module):
    """Part logits from the finest level.

    Args:
        channels: Channels of the pyramid.
        num_parts: C part classes, background included.
        upsample: The logits' grid is this many times finer than the level's, by sub-pixel convolution (Shi et al.,
            CVPR 2016): hands and feet of small people are smaller than a cell.
        norm_cfg: Normalisation layer.
        mixing: Kind of convolution.
    """

    def __init__(self, channels: int, num_parts: int, upsample: int, norm_cfg: dict, mixing: Mixing):
        super().__init__()
        self.upsample = upsample
        self.mix = mixing_conv(channels, channels, mixing, norm_cfg)
        self.logits = nn.Sequential(nn.Conv2d(channels, num_parts * upsample**2, 1), nn.PixelShuffle(upsample))

    def forward(self, pyramid: tuple[Tensor, ...]) -> Tensor:
        """Logits (B, C, h * upsample, w * upsample), from levels (B, channels, h_l, w_l), finest first."""
        return self.logits(self.mix(pyramid[0]))
