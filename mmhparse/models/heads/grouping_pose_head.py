"""GroupingPoseHead: joint and limb branch as a head of mmpose's bottom-up estimator."""

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmhparse.registry import KEYPOINT_CODECS, MODELS
from mmhparse.structures import PoseFields

from ..mixing_conv import Mixing
from .joint_branch import JointBranch
from .limb_branch import LimbBranch
from .pose_targets import pose_targets


@MODELS.register_module()
class GroupingPoseHead(BaseModule):
    """Pose by differentiable grouping in ``mmpose.BottomupPoseEstimator``.

    The finest level of the neck must have the stride of the codec, as with
    ``neck=dict(type='mmhparse.PyramidDecoder', in_channels=..., channels=...)``.

    Args:
        channels: Channels of that level.
        decoder: Config of a :class:`mmhparse.codecs.GroupingPoseCodec`; the pipeline's ``GenerateTarget`` has the same.
        losses: Configs by name: ``joint``, ``limb`` and optionally ``grouping``. By default all three.
        mixing: Kind of convolution in the branches.
        norm_cfg: Normalisation layer.
        init_cfg: mmengine's initialisation.
    """

    def __init__(
        self,
        channels: int,
        decoder: dict,
        losses: dict | None = None,
        mixing: Mixing = 'separable_5x5',
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        self.decoder = KEYPOINT_CODECS.build(decoder)
        codec = self.decoder.codec
        self.stride = codec.stride
        self.joint = JointBranch(channels, len(codec.skeleton), norm_cfg, mixing)
        self.limb = LimbBranch(channels, len(codec.skeleton.limbs), norm_cfg, mixing)
        losses = losses or {
            name: dict(type=f'mmhparse.{name.capitalize()}Loss') for name in ('joint', 'limb', 'grouping')
        }
        self.field_losses = nn.ModuleDict({name: MODELS.build(losses[name]) for name in ('joint', 'limb')})
        self.grouping_loss = MODELS.build(dict(losses['grouping'], codec=codec)) if 'grouping' in losses else None

    def forward(self, feats: tuple[Tensor, ...]) -> PoseFields:
        """The fields of B images, from levels (B, channels, h_l, w_l), finest first."""
        heatmaps, offsets = self.joint(feats, self.stride)
        return PoseFields(heatmaps, offsets, self.limb(feats), self.stride)

    def loss(self, feats: tuple[Tensor, ...], batch_data_samples: list, train_cfg: dict | None = None) -> dict:
        """The losses, from what ``GenerateTarget`` left in the data samples."""
        fields = self(feats)
        targets = pose_targets(batch_data_samples, self.stride)
        losses = {}
        for loss in self.field_losses.values():
            losses.update(loss(fields, targets))
        if self.grouping_loss is not None:
            people = [InstanceData(joints=sample.gt_instance_labels.joints) for sample in batch_data_samples]
            losses.update(self.grouping_loss(fields, targets, people))
        return losses

    def predict(
        self, feats: tuple[Tensor, ...], batch_data_samples: list, test_cfg: dict | None = None
    ) -> list[InstanceData]:
        """The people of each image: ``keypoints``, ``keypoint_scores`` and ``bbox_scores`` (one a person), arrays.

        Raises:
            ValueError: If ``test_cfg`` asks for views that this head does not merge.
        """
        for option in ('flip_test', 'multiscale_test'):
            if (test_cfg or {}).get(option):
                raise ValueError(f'GroupingPoseHead merges no views: set model.test_cfg.{option}=False.')
        with torch.no_grad():
            fields = self(feats).float()
        people = []
        for index in range(len(fields)):
            keypoints, scores = self.decoder.decode(fields.of_image(index))
            people.append(InstanceData(keypoints=keypoints, keypoint_scores=scores, bbox_scores=scores.mean(1)))
        return people
