"""LimbBranch: limb fields."""

from torch import Tensor, nn

from ..mixing_conv import Mixing, mixing_conv


class LimbBranch(nn.Module):
    """Limb fields from the finest level.

    Args:
        channels: Channels of the pyramid.
        num_limbs: L limbs.
        norm_cfg: Normalisation layer.
        mixing: Kind of convolution.
    """

    def __init__(self, channels: int, num_limbs: int, norm_cfg: dict, mixing: Mixing):
        super().__init__()
        self.mix = mixing_conv(channels, channels, mixing, norm_cfg)
        self.vectors = nn.Conv2d(channels, 2 * num_limbs, 1)
        # most cells lie on no limb, where 0 is right
        nn.init.normal_(self.vectors.weight, std=0.01)

    def forward(self, pyramid: tuple[Tensor, ...]) -> Tensor:
        """Limb fields (B, L, 2, h, w), from levels (B, channels, h_l, w_l), finest first."""
        return self.vectors(self.mix(pyramid[0])).unflatten(1, (-1, 2))  # (B, L, 2, h, w)
