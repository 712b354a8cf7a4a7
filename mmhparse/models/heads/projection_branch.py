"""ProjectionBranch: the dense-to-sparse projection field, coarse to fine."""

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from ..mixing_conv import Mixing, mixing_conv


class ProjectionBranch(nn.Module):
    """Vectors from each pixel to the closest joint of its person, estimated on the coarsest level and then refined.

    Coarse features and the coarse field are first aligned to the finer level by a learned flow, as upsampling alone
    blurs them across the outlines of people.

    Args:
        channels: Channels of the pyramid.
        num_levels: Number of its levels.
        norm_cfg: Normalisation layer.
        mixing: Kind of convolution.
    """

    def __init__(self, channels: int, num_levels: int, norm_cfg: dict, mixing: Mixing):
        super().__init__()
        self.coarsest = nn.Sequential(
            mixing_conv(channels, channels, mixing, norm_cfg),
            nn.Conv2d(channels, 2, 1),
        )
        self.refine = nn.ModuleList(ProjectionRefinement(channels, norm_cfg, mixing) for _ in range(num_levels - 1))

    def forward(self, pyramid: tuple[Tensor, ...], stride: int) -> tuple[Tensor, ...]:
        """One (B, 2, h_l, w_l) a level, finest first; vectors (x, y) in input pixels on all levels."""
        width = pyramid[0].shape[3] * stride
        # vectors are hundreds of pixels long, where half precision has no fractions of a pixel
        field = self.coarsest(pyramid[-1]).float() * (width / pyramid[-1].shape[3])  # (B, 2, h_l, w_l)
        fields = [field]
        for level in range(len(pyramid) - 2, -1, -1):
            cell = width / pyramid[level].shape[3]
            fields.insert(0, self.refine[level](pyramid[level], pyramid[level + 1], fields[0], cell))
        return tuple(fields)


class ProjectionRefinement(nn.Module):
    """One step: the coarser level's field, aligned, plus a residual from the finer level's features."""

    def __init__(self, channels: int, norm_cfg: dict, mixing: Mixing):
        super().__init__()
        narrow = channels // 2
        self.narrow_fine = nn.Conv2d(channels, narrow, 1, bias=False)
        self.narrow_coarse = nn.Conv2d(channels, narrow, 1, bias=False)
        self.flow = nn.Conv2d(2 * narrow, 2, 3, padding=1)
        self.join = ConvModule(2 * channels, channels, 1, norm_cfg=norm_cfg)
        self.embed = nn.Conv2d(2, channels, 1)
        self.mix = mixing_conv(channels, channels, mixing, norm_cfg)
        self.residual = nn.Conv2d(channels, 2, 1)
        # training starts from plain upsampling
        for layer in (self.flow, self.residual):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, fine: Tensor, coarse: Tensor, field: Tensor, cell: float) -> Tensor:
        """The field on the grid of the finer level.

        Args:
            fine: (B, channels, h, w); features of the finer level.
            coarse: (B, channels, h', w'); features of the coarser level.
            field: (B, 2, h', w'); the field on the grid of the coarser level.
            cell: Input pixels per cell of the finer level.

        Returns:
            (B, 2, h, w).
        """
        narrow_coarse = F.interpolate(
            self.narrow_coarse(coarse), size=fine.shape[2:], mode='bilinear', align_corners=False
        )  # (B, channels / 2, h, w)
        flow = self.flow(torch.cat([self.narrow_fine(fine), narrow_coarse], dim=1))  # (B, 2, h, w), in cells
        warped = warp(torch.cat([coarse, field], dim=1), flow.float())  # (B, channels + 2, h, w)
        coarse, field = warped[:, :-2].to(fine.dtype), warped[:, -2:]
        # (B, channels, h, w)
        feature = self.join(torch.cat([fine, coarse], dim=1)) + self.embed((field / cell).to(fine.dtype))
        return field + cell * self.residual(self.mix(feature)).float()


def warp(feature: Tensor, flow: Tensor) -> Tensor:
    """Reads features bilinearly on the grid of a flow, shifted by it.

    Args:
        feature: (B, channels, h', w').
        flow: (B, 2, h, w); (x, y) in cells of its own grid. 0 everywhere is plain bilinear resizing to that grid.

    Returns:
        (B, channels, h, w).
    """
    height, width = flow.shape[2:]
    ys, xs = torch.meshgrid(
        torch.arange(height, device=flow.device, dtype=flow.dtype),
        torch.arange(width, device=flow.device, dtype=flow.dtype),
        indexing='ij',
    )
    # height and width are used separately, so that exports keep them variable; (B, h, w) each, in [-1, 1]
    columns, rows = (2 * (xs + flow[:, 0]) + 1) / width - 1, (2 * (ys + flow[:, 1]) + 1) / height - 1
    grid = torch.stack([columns, rows], dim=-1)  # (B, h, w, 2)
    return F.grid_sample(feature.to(grid.dtype), grid, padding_mode='border', align_corners=False)
