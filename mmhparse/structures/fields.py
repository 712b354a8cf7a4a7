"""The dense maps between image and people: as the network predicts them, and as they should be."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from .part_sets import IGNORE


@dataclass(frozen=True, eq=False)
class ParseFields:
    """What the network says of B images, on the grid of its stride.

    Cell (i, j) of a grid of stride s stands for the pixel at x = (j + 0.5) s - 0.5, y = (i + 0.5) s - 0.5 of the
    network input. All vectors are (x, y) in pixels of the network input, on every level of the pyramid.

    Attributes:
        joint_heatmaps: (B, K, h, w) in [0, 1]; how sure a joint lies in the cell.
        joint_offsets: (B, K, 2, h, w); vector from the cell to the joint.
        limb_fields: (B, L, 2, h, w); unit vector along the limb that covers the cell, 0 where there is none.
        projection: the dense-to-sparse projection field, one (B, 2, h_l, w_l) a level, finest first; vector from the
            cell to the closest joint of the cell's own person.
        part_logits: (B, C, h', w'); logits of the part classes on a grid of its own.
        stride: input pixels per cell of the first three and of the finest projection.
        part_stride: input pixels per cell of the part logits.
    """

    joint_heatmaps: Tensor
    joint_offsets: Tensor
    limb_fields: Tensor
    projection: tuple[Tensor, ...]
    part_logits: Tensor
    stride: int
    part_stride: int

    def __post_init__(self):
        batch, joints, height, width = self.joint_heatmaps.shape
        expected = {
            'joint_offsets': (batch, joints, 2, height, width),
            'limb_fields': (batch, self.limb_fields.shape[1], 2, height, width),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f'{name} must be {shape}, got {tuple(getattr(self, name).shape)}.')
        if self.projection[0].shape != (batch, 2, height, width):
            raise ValueError(
                f'projection[0] must be {(batch, 2, height, width)}, got {tuple(self.projection[0].shape)}.'
            )

    def __len__(self) -> int:
        return len(self.joint_heatmaps)

    def of_image(self, index: int) -> 'ParseFields':
        """The fields of one image, with a batch of 1."""
        return _map(self, lambda tensor: tensor[index : index + 1])

    def detach(self) -> 'ParseFields':
        return _map(self, Tensor.detach)

    def as_leaves(self) -> 'ParseFields':
        """The same values, as tensors that gather gradients of their own: a backward pass ends at them."""
        return _map(self, lambda tensor: tensor.detach().requires_grad_())

    def float(self) -> 'ParseFields':
        return _map(self, Tensor.float)

    def to(self, *args, **kwargs) -> 'ParseFields':
        return _map(self, lambda tensor: tensor.to(*args, **kwargs))


@dataclass(frozen=True, eq=False)
class TargetFields:
    """What the fields of B images should be, with a weight for each cell that counts.

    Attributes:
        joint_heatmaps, joint_offsets, limb_fields, stride: as in :class:`ParseFields`.
        projection: (B, 2, h, w); the projection field on the finest level.
        part_map: (B, H, W) uint8 at the size of the network input; 255 = ignore.
        joint_weight: (B, h, w) in [0, 1]; 0 in regions whose people were not annotated.
        offset_weight: (B, K, h, w); 1 in the cells round a joint.
        limb_weight: (B, h, w) like ``joint_weight``.
        projection_weight: (B, h, w); 1 in cells of people with joints.
    """

    joint_heatmaps: Tensor
    joint_offsets: Tensor
    limb_fields: Tensor
    projection: Tensor
    part_map: Tensor
    joint_weight: Tensor
    offset_weight: Tensor
    limb_weight: Tensor
    projection_weight: Tensor
    stride: int

    @classmethod
    def cat(cls, targets: list['TargetFields']) -> 'TargetFields':
        """One batch of all targets.

        Raises:
            ValueError: If they differ in size.
        """
        sizes = {tuple(target.part_map.shape[1:]) for target in targets}
        if len(sizes) > 1:
            raise ValueError(
                f'targets of one batch must have one size, got (H, W) of {sorted(sizes)}: bring the images to one size '
                'in the training pipeline, for instance with RandomAffinePeople.'
            )
        values = {item.name: [getattr(target, item.name) for target in targets] for item in fields(cls)}
        stride = values.pop('stride')[0]
        return cls(**{name: torch.cat(column) for name, column in values.items()}, stride=stride)

    def to(self, *args, **kwargs) -> 'TargetFields':
        return _map(self, lambda tensor: tensor.to(*args, **kwargs))

    def as_prediction(self, num_parts: int, confidence: float = 10.0) -> ParseFields:
        """The fields of a network that is right everywhere (ignored pixels become background)."""
        labels = self.part_map.long()
        labels = torch.where(labels == IGNORE, torch.zeros_like(labels), labels)
        return ParseFields(
            joint_heatmaps=self.joint_heatmaps,
            joint_offsets=self.joint_offsets,
            limb_fields=self.limb_fields,
            projection=(self.projection,),
            part_logits=confidence * F.one_hot(labels, num_parts).movedim(-1, 1).float(),
            stride=self.stride,
            part_stride=1,
        )


def _map(record, function):
    """The same record with ``function`` applied to each tensor, those in tuples too."""
    values = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, tuple):
            value = tuple(function(tensor) for tensor in value)
        elif isinstance(value, Tensor):
            value = function(value)
        values[item.name] = value
    return type(record)(**values)
