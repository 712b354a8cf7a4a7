"""Fields of several views of one image -> fields of one, before joints are grouped."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields, PartSet, PoseFields, Skeleton

from .sampling import cell_centres, sample_grid


@dataclass(frozen=True, eq=False)
class View:
    """An image as the network sees it at some size, and perhaps mirrored.

    Attributes:
        fields: What the network predicts for it, with a batch of 1.
        geometry: Relates the original image, mirrored if the view is, to the network input.
        flipped: Whether the view is mirrored left to right.
    """

    fields: ParseFields
    geometry: ImageGeometry
    flipped: bool


@torch.no_grad()
def merge_views(views: Sequence[View], skeleton: Skeleton, part_set: PartSet) -> ParseFields:
    """The mean of the views' fields on the grid of the first, with a projection field of the finest level only.

    Each field is read where the cells of the first view lie. Vectors are brought to its scale. Those of mirrored views
    change their sign in x, and left and right change places among joints, limbs and parts. Part logits become the
    logarithm of the mean probability. Learned prices of limb types, which do not depend on the image, are those of the
    first view.

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
    sums: list[Tensor] = []
    for view in views:
        tensors = _in_first_view(view, first)
        if view.flipped:
            tensors = _unmirrored(tensors, skeleton, part_set)
        sums = [total + tensor for total, tensor in zip(sums, tensors, strict=True)] if sums else tensors
    heatmaps, offsets, limbs, projection, parts = (total / len(views) for total in sums)
    return ParseFields(
        pose=PoseFields(heatmaps, offsets, limbs, first.fields.stride, first.fields.pose.limb_prices),
        projection=(projection,),
        part_logits=parts.clamp(min=1e-12).log(),
        part_stride=first.fields.part_stride,
    )


def merge_batch(views_of_images: Sequence[Sequence[View]], skeleton: Skeleton, part_set: PartSet) -> ParseFields:
    """:func:`merge_views` of each of B images, at least one, as one batch.

    Args:
        views_of_images: Views of each image. The first views have fields of one size, as from one batch of the network.
        skeleton: Joints and limbs of the fields.
        part_set: Parts of the fields.

    Raises:
        ValueError: As :func:`merge_views`.
    """
    return ParseFields.cat([merge_views(views, skeleton, part_set) for views in views_of_images])


def mirrored_limbs(skeleton: Skeleton) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Index of each limb's mirror image, and 1 where that runs the same way, -1 where it runs the other way.

    Limb left_shoulder - right_shoulder is its own mirror image and runs the other way: (its index, -1).

    Raises:
        ValueError: If a limb has none.
    """
    indices, directions = [], []
    for limb in skeleton.limbs:
        first, second = limb
        mirrored = skeleton.flip_indices[first], skeleton.flip_indices[second]
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
    scale = torch.from_numpy(first.geometry.scale / view.geometry.scale).to(fields.joint_heatmaps)
    scale = scale.view(2, 1, 1)  # of vectors (..., 2, h, w)
    xs, ys = _places(view, first, first.fields.joint_heatmaps, first.fields.stride)
    heatmaps, offsets, limbs, projection = (
        sample_grid(tensor.flatten(0, -3), xs, ys, fields.stride).unflatten(0, tensor.shape[:-2])
        for tensor in (fields.joint_heatmaps, fields.joint_offsets, fields.limb_fields, fields.projection[0])
    )  # (1, ..., h, w) each
    xs, ys = _places(view, first, first.fields.part_logits, first.fields.part_stride)
    parts = sample_grid(fields.part_logits.softmax(1)[0], xs, ys, fields.part_stride)[None]  # (1, C, h', w')
    return [heatmaps, offsets * scale, limbs, projection * scale, parts]


def _places(view: View, first: View, grid: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Where the cells of a grid of the first view lie in another: input coordinates x (w,) and y (h,) there.

    Args:
        view: The other view.
        first: The first view.
        grid: (..., h, w); a field of the first view.
        stride: Its input pixels per cell.
    """
    height, width = grid.shape[-2:]
    scale_x, scale_y = view.geometry.scale / first.geometry.scale
    xs = (cell_centres(width, stride).astype(float) + 0.5) * scale_x - 0.5
    ys = (cell_centres(height, stride).astype(float) + 0.5) * scale_y - 0.5
    if view.flipped:
        xs = view.geometry.input_size[0] - 1 - xs
    return torch.from_numpy(xs).to(grid.device), torch.from_numpy(ys).to(grid.device)


def _unmirrored(tensors: list[Tensor], skeleton: Skeleton, part_set: PartSet) -> list[Tensor]:
    """The fields of a mirrored view, already read from right to left, as those of a view that is not mirrored."""
    heatmaps, offsets, limbs, projection, parts = tensors
    other_way = projection.new_tensor([-1.0, 1.0]).view(2, 1, 1)  # the sign of x changes
    joints = list(skeleton.flip_indices)
    indices, directions = mirrored_limbs(skeleton)
    direction = limbs.new_tensor(directions).view(-1, 1, 1, 1)  # (L, 1, 1, 1)
    return [
        heatmaps[:, joints],
        offsets[:, joints] * other_way,
        limbs[:, list(indices)] * direction * other_way,
        projection * other_way,
        parts[:, list(part_set.flip_indices)],
    ]
