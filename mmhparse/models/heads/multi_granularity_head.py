"""MultiGranularityHead: the fields of parts, joints, limbs and projection from pyramids of features."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.registry import MODELS
from mmhparse.structures import ParseFields, PoseFields

from ..mixing_conv import Mixing
from .decode_head_branch import DecodeHeadBranch
from .joint_branch import JointBranch
from .limb_branch import LimbBranch
from .limb_prices import LimbPrices
from .part_branch import PartBranch
from .projection_branch import ProjectionBranch
from .vote_map import landing_votes


@MODELS.register_module()
class MultiGranularityHead(BaseModule):
    """The four branches of Zhou et al., CVPR 2021, on one pyramid, or on one for the parts and one for the pose.

    Args:
        channels: Channels of every level of the pyramid.
        codec: Its skeleton and part set decide how many joints, limbs and parts there are.
        strides: Input pixels per cell of the levels, finest first.
        part_upsample: How many times finer the grid of the part logits is than that of the finest level.
        part_branch: Config of a decode head of mmsegmentation in place of the part branch, see
            :class:`DecodeHeadBranch`. The grid of the part logits is then that of the head.
        vote_map: Whether the joint branch also reads where the pixels of people land, :func:`landing_votes`: joints are
            where many do. Its gradient reaches projection field and part logits.
        learned_prices: Whether the price of each limb type is learned, by the grouping loss, from that of the codec on.
        mixing: Kind of convolution in the branches.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation.

    Raises:
        ValueError: If the finest level does not have the stride of the codec, the stride is not a multiple of
            ``part_upsample``, or prices to be learned start at 0 or below.
    """

    def __init__(
        self,
        channels: int,
        codec: DifferentiableGroupingCodec,
        strides: Sequence[int] = (4, 8, 16, 32),
        part_upsample: int = 2,
        part_branch: dict | None = None,
        vote_map: bool = False,
        learned_prices: bool = False,
        mixing: Mixing = 'separable_5x5',
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        if codec.stride % part_upsample:
            raise ValueError(f'part_upsample must divide the stride {codec.stride}, got {part_upsample}.')
        if strides[0] != codec.stride:
            raise ValueError(f'the finest level must have stride {codec.stride} of the codec, got {tuple(strides)}.')
        norm_cfg = norm_cfg or dict(type='BN')
        self.stride = codec.stride
        self.vote_map = vote_map
        prices = codec.limb_options.prices(codec.skeleton)
        self.limb_prices = LimbPrices(prices) if learned_prices else None
        num_parts = len(codec.part_set)
        if part_branch is None:
            part = PartBranch(channels, num_parts, part_upsample, norm_cfg, mixing)
            self.part_stride = codec.stride // part_upsample
        else:
            part = DecodeHeadBranch(part_branch, channels, num_parts, strides)
            self.part_stride = part.stride
        self.branches = nn.ModuleDict(
            dict(
                part=part,
                joint=JointBranch(channels, len(codec.skeleton), norm_cfg, mixing, vote_channels=int(vote_map)),
                limb=LimbBranch(channels, len(codec.skeleton.limbs), norm_cfg, mixing),
                projection=ProjectionBranch(channels, len(strides), norm_cfg, mixing),
            )
        )

    def forward(self, pyramid: tuple[Tensor, ...], pose_pyramid: tuple[Tensor, ...] | None = None) -> ParseFields:
        """The fields of B images.

        Args:
            pyramid: Levels (B, channels, h_l, w_l), finest first; the finest at the stride of the codec.
            pose_pyramid: The same for joints, limbs and projection field, if not ``pyramid``.
        """
        pose = pyramid if pose_pyramid is None else pose_pyramid
        part_logits = self.branches['part'](pyramid)  # (B, C, h', w')
        projection = self.branches['projection'](pose, self.stride)  # (B, 2, h_l, w_l) each
        votes = landing_votes(projection[0], part_logits, self.stride) if self.vote_map else None  # (B, 1, h, w)
        heatmaps, offsets = self.branches['joint'](pose, self.stride, votes)
        prices = None if self.limb_prices is None else self.limb_prices(len(heatmaps))  # (B, L)
        return ParseFields(
            pose=PoseFields(heatmaps, offsets, self.branches['limb'](pose), self.stride, prices),
            projection=projection,
            part_logits=part_logits,
            part_stride=self.part_stride,
        )
