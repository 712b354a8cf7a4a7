"""JointBranch: joint heatmaps and offsets."""

import math

import torch
from torch import Tensor, nn

from ..mixing_conv import Mixing, mixing_conv


class JointBranch(nn.Module):
    """Joint heatmaps and offsets from the finest level.

    Args:
        channels: Channels of the pyramid.
        num_joints: K joint types.
        norm_cfg: Normalisation layer.
        mixing: Kind of convolution.
        vote_channels: Channels of the votes that the branch reads beside the finest level; 0 for none.
    """

    def __init__(self, channels: int, num_joints: int, norm_cfg: dict, mixing: Mixing, vote_channels: int = 0):
        super().__init__()
        self.mix = mixing_conv(channels + vote_channels, channels, mixing, norm_cfg)
        self.heatmaps = nn.Conv2d(channels, num_joints, 1)
        self.offsets = nn.Conv2d(channels, 2 * num_joints, 1)
        # joints are rare: starting at a probability of 0.01 keeps the focal loss from exploding (Lin et al., ICCV 2017)
        assert self.heatmaps.bias is not None
        nn.init.constant_(self.heatmaps.bias, -math.log(99))

    def forward(self, pyramid: tuple[Tensor, ...], stride: int, votes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Heatmaps (B, K, h, w) in [0, 1], and offsets (B, K, 2, h, w) in input pixels.

        Args:
            pyramid: Levels (B, channels, h_l, w_l), finest first.
            stride: Input pixels per cell of the finest.
            votes: (B, vote_channels, h, w), of a branch that reads them.
        """
        finest = pyramid[0] if votes is None else torch.cat([pyramid[0], votes.to(pyramid[0].dtype)], dim=1)
        feature = self.mix(finest)  # (B, channels, h, w)
        # in half precision a probability near 1 is rounded to 1, where the loss has no gradient
        heatmaps = self.heatmaps(feature).float().sigmoid()  # (B, K, h, w)
        offsets = stride * self.offsets(feature).unflatten(1, (-1, 2))  # (B, K, 2, h, w)
        return heatmaps, offsets
