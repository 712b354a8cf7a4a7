"""The dense maps between image and people: as the network predicts them, and as they should be."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .part_sets import IGNORE
from .pose_fields import PoseFields, PoseTargets
from .tensor_record import TensorRecord


@dataclass(frozen=True, eq=False)
class ParseFields(TensorRecord):
    """What the network predicts of B images.

    All vectors are (x, y) in pixels of the network input, on every level of the pyramid. Where the cells of a grid lie
    is said in :class:`PoseFields`.

    Attributes:
        pose: Joints and limbs. Its fields and its stride can be read from here too: ``fields.joint_heatmaps`` is
            ``fields.pose.joint_heatmaps``.
        projection: The dense-to-sparse projection field, one (B, 2, h_l, w_l) a level, finest first; vector from the
            cell to the closest joint of the cell's own person. The finest level has the grid of ``pose``.
        part_logits: (B, C, h', w'); logits of the part classes on a grid of its own.
        part_stride: Input pixels per cell of the part logits.

    Raises:
        ValueError: If the finest level of the projection field is not on the grid of ``pose``.
    """

    pose: PoseFields
    projection: tuple[Tensor, ...]
    part_logits: Tensor
    part_stride: int

    def __post_init__(self):
        batch, _, height, width = self.pose.joint_heatmaps.shape
        if self.projection[0].shape != (batch, 2, height, width):
            raise ValueError(
                f'projection[0] must be {(batch, 2, height, width)}, got {tuple(self.projection[0].shape)}.'
            )

    def __len__(self) -> int:
        return len(self.pose)

    @property
    def joint_heatmaps(self) -> Tensor:
        """(B, K, h, w), those of ``pose``."""
        return self.pose.joint_heatmaps

    @property
    def joint_offsets(self) -> Tensor:
        """(B, K, 2, h, w), those of ``pose``."""
        return self.pose.joint_offsets

    @property
    def limb_fields(self) -> Tensor:
        """(B, L, 2, h, w), those of ``pose``."""
        return self.pose.limb_fields

    @property
    def stride(self) -> int:
        """Input pixels per cell of ``pose`` and of the finest level of the projection field."""
        return self.pose.stride


@dataclass(frozen=True, eq=False)
class TargetFields(TensorRecord):
    """What the fields of B images should be, with a weight for each cell that counts.

    Attributes:
        pose: Joints and limbs. Its attributes can be read from here too, as ``targets.joint_heatmaps``.
        projection: (B, 2, h, w); the projection field on the finest level, in pixels of the network input.
        projection_weight: (B, h, w); 1 in cells of people with joints.
        part_map: (B, H, W) uint8 at the size of the network input; 255 = ignore.
    """

    pose: PoseTargets
    projection: Tensor
    projection_weight: Tensor
    part_map: Tensor

    def __len__(self) -> int:
        return len(self.pose)

    @property
    def joint_heatmaps(self) -> Tensor:
        """(B, K, h, w), those of ``pose``."""
        return self.pose.joint_heatmaps

    @property
    def joint_offsets(self) -> Tensor:
        """(B, K, 2, h, w), those of ``pose``."""
        return self.pose.joint_offsets

    @property
    def limb_fields(self) -> Tensor:
        """(B, L, 2, h, w), those of ``pose``."""
        return self.pose.limb_fields

    @property
    def joint_weight(self) -> Tensor:
        """(B, h, w), that of ``pose``."""
        return self.pose.joint_weight

    @property
    def offset_weight(self) -> Tensor:
        """(B, K, h, w), that of ``pose``."""
        return self.pose.offset_weight

    @property
    def limb_weight(self) -> Tensor:
        """(B, h, w), that of ``pose``."""
        return self.pose.limb_weight

    @property
    def stride(self) -> int:
        """Input pixels per cell of ``pose`` and of the projection field."""
        return self.pose.stride

    @classmethod
    def cat(cls, records: Sequence['TargetFields']) -> 'TargetFields':
        """One batch of the images of all targets, of which there is at least one.

        Raises:
            ValueError: If they differ in size or stride.
        """
        sizes = {tuple(targets.part_map.shape[1:]) for targets in records}
        if len(sizes) > 1:
            raise ValueError(
                f'targets of one batch must have one size, got (H, W) of {sorted(sizes)}: bring the images to one size '
                'in the training pipeline, for instance with RandomAffinePeople.'
            )
        return super().cat(records)  # pyright: ignore[reportArgumentType]  # the class has no subclasses

    def as_prediction(self, num_parts: int, confidence: float = 10.0) -> ParseFields:
        """The fields of a network that is right everywhere.

        Args:
            num_parts: C part classes.
            confidence: Logit of the true class; the others have 0. Ignored pixels become background.
        """
        labels = self.part_map.long()
        labels = torch.where(labels == IGNORE, torch.zeros_like(labels), labels)  # (B, H, W)
        return ParseFields(
            pose=self.pose.as_prediction(),
            projection=(self.projection,),
            part_logits=confidence * F.one_hot(labels, num_parts).movedim(-1, 1).float(),  # (B, C, H, W)
            part_stride=1,
        )
