"""PoseFields: those of the fields that say where joints are and which belong together."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class PoseFields:
    """The first three fields of :class:`mmhparse.structures.ParseFields`, for pose alone.

    Finding candidates, matching them and grouping them needs no more.

    Attributes:
        joint_heatmaps: (B, K, h, w) in [0, 1].
        joint_offsets: (B, K, 2, h, w) in pixels of the network input.
        limb_fields: (B, L, 2, h, w).
        stride: Input pixels per cell.
    """

    joint_heatmaps: Tensor
    joint_offsets: Tensor
    limb_fields: Tensor
    stride: int

    def __len__(self) -> int:
        return len(self.joint_heatmaps)

    def of_image(self, index: int) -> 'PoseFields':
        """The fields of one image, with a batch of 1."""
        one = slice(index, index + 1)
        return PoseFields(self.joint_heatmaps[one], self.joint_offsets[one], self.limb_fields[one], self.stride)

    def float(self) -> 'PoseFields':
        return PoseFields(
            self.joint_heatmaps.float(), self.joint_offsets.float(), self.limb_fields.float(), self.stride
        )
