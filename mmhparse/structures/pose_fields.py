"""The fields that say where joints are and which of them belong together: as predicted, and as they should be."""

from dataclasses import dataclass

from torch import Tensor

from .tensor_record import TensorRecord


@dataclass(frozen=True, eq=False)
class PoseFields(TensorRecord):
    """Predicted joints and limbs of B images. Finding, matching and grouping candidates needs no more.

    Cell (i, j) of a grid of stride s stands for the pixel at x = (j + 0.5) s - 0.5, y = (i + 0.5) s - 0.5 of the
    network input. All vectors are (x, y).

    Attributes:
        joint_heatmaps: (B, K, h, w) in [0, 1]; probability that a joint lies in the cell.
        joint_offsets: (B, K, 2, h, w); vector from the cell to the joint, in pixels of the network input.
        limb_fields: (B, L, 2, h, w); unit vector along the limb that covers the cell, 0 where there is none.
        stride: Input pixels per cell.
        limb_prices: (B, L); what a link of each limb type costs, if the network has learned it. None: what the codec's
            options say.

    Raises:
        ValueError: If the shapes disagree.
    """

    joint_heatmaps: Tensor
    joint_offsets: Tensor
    limb_fields: Tensor
    stride: int
    limb_prices: Tensor | None = None

    def __post_init__(self):
        check_pose_shapes(self.joint_heatmaps, self.joint_offsets, self.limb_fields)
        if self.limb_prices is not None and self.limb_prices.shape != self.limb_fields.shape[:2]:
            expected, got = tuple(self.limb_fields.shape[:2]), tuple(self.limb_prices.shape)
            raise ValueError(f'limb_prices must be {expected}, got {got}.')

    def __len__(self) -> int:
        return len(self.joint_heatmaps)


@dataclass(frozen=True, eq=False)
class PoseTargets(TensorRecord):
    """What :class:`PoseFields` should be, with a weight for each cell that counts.

    Attributes:
        joint_heatmaps: (B, K, h, w) in [0, 1]; exactly 1 in the cell of a joint.
        joint_offsets: (B, K, 2, h, w), in pixels of the network input.
        limb_fields: (B, L, 2, h, w).
        joint_weight: (B, h, w) in [0, 1]; 0 in regions whose people were not annotated.
        offset_weight: (B, K, h, w); 1 in the cells around a joint.
        limb_weight: (B, h, w), like ``joint_weight``.
        stride: Input pixels per cell.

    Raises:
        ValueError: If the shapes of the fields disagree.
    """

    joint_heatmaps: Tensor
    joint_offsets: Tensor
    limb_fields: Tensor
    joint_weight: Tensor
    offset_weight: Tensor
    limb_weight: Tensor
    stride: int

    def __post_init__(self):
        check_pose_shapes(self.joint_heatmaps, self.joint_offsets, self.limb_fields)

    def __len__(self) -> int:
        return len(self.joint_heatmaps)

    def as_prediction(self) -> PoseFields:
        """The fields of a network that is right everywhere."""
        return PoseFields(self.joint_heatmaps, self.joint_offsets, self.limb_fields, self.stride)


def check_pose_shapes(joint_heatmaps: Tensor, joint_offsets: Tensor, limb_fields: Tensor) -> None:
    """Raises ValueError if fields are not of one batch, grid and number of joint types."""
    batch, joints, height, width = joint_heatmaps.shape
    expected = {
        'joint_offsets': (joint_offsets, (batch, joints, 2, height, width)),
        'limb_fields': (limb_fields, (batch, limb_fields.shape[1], 2, height, width)),
    }
    for name, (tensor, shape) in expected.items():
        if tensor.shape != shape:
            raise ValueError(f'{name} must be {shape}, got {tuple(tensor.shape)}.')
