"""Fields of several views of one image -> one set of fields, before anything is grouped."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields, PartSet, PoseFields, Skeleton

from .sampling import cell_centres, sample_grid


@dataclass(frozen=True, eq=False)
class View:
    """One way to look at an image: at some size, and perhaps mirrored.

    Attributes:
        fields: What the network says of it, with a batch of 1.
        geometry: Relates the original image, mirrored if the view is, to the network input.
        flipped: Whether the view is mirrored left to right.
    """

    fields: ParseFields
    geometry: ImageGeometry
    flipped: bool


@torch.no_grad()
def merge_views(views: Sequence[View], skeleton: Skeleton, part_set: PartSet) -> ParseFields:
    """The mean of the views' fields on the grid of the first, with a projection field of the finest level alone.

    Each field is read where the cells of the first view lie. Vectors are brought to its scale; of mirrored views they
    point the other way in x, and left and right change places among joints, limbs and parts. Part logits become the
    logarithm of the mean probability.

    Args:
        views: Views of one image; the first is not mirrored.
        skeleton: Joints and limbs of the fields.
        part_set: Parts of the fields.

    Raises:
        ValueError: If there is no view, the first is mirrored, or a limb has no mirror image in the skeleton.
    """
    if not views or views[0].flipped:
        raise ValueError('expected one view or more, of which the first is not mirrored.')
    first = views[0]
    if len(views) == 1:
        return first.fields
    sums = [0.0] * 5
    for view in views:
        tensors = _in_first_view(view, first)
        if view.flipped:
            tensors = _unmirrored(tensors, skeleton, part_set)
        sums = [total + tensor for total, tensor in zip(sums, tensors, strict=True)]
    heatmaps, offsets, limbs, projection, parts = (total / len(views) for total in sums)
    return ParseFields(
        pose=PoseFields(heatmaps, offsets, limbs, first.fields.stride),
        projection=(projection,),
        part_logits=parts.clamp(min=1e-12).log(),
        part_stride=first.fields.part_stride,
    )


def mirrored_limbs(skeleton: Skeleton) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Index of each limb's mirror image, and -1 where that runs the other way, else 1.

    Raises:
        ValueError: If a limb has none.
    """
    indices, directions = [], []
    for limb in skeleton.limbs:
        mirrored = tuple(skeleton.flip_indices[joint] for joint in limb)
        for direction, ends in ((1, mirrored), (-1, mirrored[::-1])):
            if ends in skeleton.limbs:
                indices.append(skeleton.limbs.index(ends))
                directions.append(direction)
                break
        else:
            names = ' - '.join(skeleton.joints[joint] for joint in limb)
            raise ValueError(
                f"limb {names} of skeleton '{skeleton.name}' has no mirror image among its limbs, so mirrored views "
                'cannot be merged: add that limb, or test without mirrored views.'
            )
    return tuple(indices), tuple(directions)


def _in_first_view(view: View, first: View) -> list[Tensor]:
    """Heatmaps, offsets, limb fields, finest projection and part probabilities, on the first view's grid and scale."""
    fields = view.fields.float()
    growth = torch.from_numpy(first.geometry.scale / view.geometry.scale).to(fields.joint_heatmaps)
    vector = growth.view(2, 1, 1)
    places = _places(view, first, first.fields.joint_heatmaps.shape[2:], first.fields.stride)
    coarse = [
        sample_grid(tensor.flatten(0, -3), *places, fields.stride).unflatten(0, tensor.shape[:-2])
        for tensor in (fields.joint_heatmaps, fields.joint_offsets, fields.limb_fields, fields.projection[0])
    ]
    places = _places(view, first, first.fields.part_logits.shape[2:], first.fields.part_stride)
    parts = sample_grid(fields.part_logits.softmax(1)[0], *places, fields.part_stride)[None]
    return [coarse[0], coarse[1] * vector, coarse[2], coarse[3] * vector, parts]


def _places(view: View, first: View, shape: tuple[int, int], stride: int) -> tuple[Tensor, Tensor]:
    """Where the cells of a grid of the first view lie in another: input coordinates x (w,) and y (h,) there."""
    axes = []
    ratio = view.geometry.scale / first.geometry.scale
    for axis, length in enumerate((shape[1], shape[0])):
        places = (cell_centres(length, stride).astype(float) + 0.5) * ratio[axis] - 0.5
        if axis == 0 and view.flipped:
            places = view.geometry.input_size[0] - 1 - places
        axes.append(torch.from_numpy(places).to(view.fields.joint_heatmaps.device))
    return tuple(axes)


def _unmirrored(tensors: list[Tensor], skeleton: Skeleton, part_set: PartSet) -> list[Tensor]:
    """The fields of a mirrored view, already read from right to left, as the image itself would give them."""
    heatmaps, offsets, limbs, projection, parts = tensors
    other_way = projection.new_tensor([-1.0, 1.0]).view(2, 1, 1)
    joints = list(skeleton.flip_indices)
    indices, directions = mirrored_limbs(skeleton)
    direction = limbs.new_tensor(directions).view(-1, 1, 1, 1)
    return [
        heatmaps[:, joints],
        offsets[:, joints] * other_way,
        limbs[:, list(indices)] * direction * other_way,
        projection * other_way,
        parts[:, list(part_set.flip_indices)],
    ]
