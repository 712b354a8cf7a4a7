"""MultiGranularityHead: parts, joints, limbs and projections from one pyramid."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mhparse.codecs import DifferentiableGroupingCodec
from mhparse.registry import MODELS
from mhparse.structures import ParseFields

from ..mixing_conv import Mixing
from .joint_branch import JointBranch
from .limb_branch import LimbBranch
from .part_branch import PartBranch
from .projection_branch import ProjectionBranch


@MODELS.register_module()
class MultiGranularityHead(BaseModule):
    """Four branches of Zhou et al., CVPR 2021, that read one pyramid.

    Args:
        channels: Channels of every level of the pyramid.
        codec: Whose skeleton and part set decide how many fields there are.
        num_levels: Levels of the pyramid.
        part_upsample: How many times finer the grid of the part logits is than the finest level's.
        mixing: Kind of convolution in the branches.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation.

    Raises:
        ValueError: If the stride of the codec is no multiple of ``part_upsample``.
    """

    def __init__(
        self,
        channels: int,
        codec: DifferentiableGroupingCodec,
        num_levels: int = 4,
        part_upsample: int = 2,
        mixing: Mixing = 'separable_5x5',
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        if codec.stride % part_upsample:
            raise ValueError(f'part_upsample must divide the stride {codec.stride}, got {part_upsample}.')
        norm_cfg = norm_cfg or dict(type='BN')
        self.stride = codec.stride
        self.branches = nn.ModuleDict(
            dict(
                part=PartBranch(channels, len(codec.part_set), part_upsample, norm_cfg, mixing),
                joint=JointBranch(channels, len(codec.skeleton), norm_cfg, mixing),
                limb=LimbBranch(channels, len(codec.skeleton.limbs), norm_cfg, mixing),
                projection=ProjectionBranch(channels, num_levels, norm_cfg, mixing),
            )
        )

    def forward(self, pyramid: tuple[Tensor, ...]) -> ParseFields:
        """The fields of B images.

        Args:
            pyramid: Levels (B, channels, h_l, w_l), finest first; the finest at the stride of the codec.
        """
        heatmaps, offsets = self.branches['joint'](pyramid, self.stride)
        return ParseFields(
            joint_heatmaps=heatmaps,
            joint_offsets=offsets,
            limb_fields=self.branches['limb'](pyramid),
            projection=self.branches['projection'](pyramid, self.stride),
            part_logits=self.branches['part'](pyramid),
            stride=self.stride,
            part_stride=self.stride // self.branches['part'].upsample,
        )
