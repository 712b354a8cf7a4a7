"""Joints that were not found -> the cells of their person where they are likeliest, on the device of the fields."""

import torch
from torch import Tensor

from mmhparse.structures import People, PoseFields


def place_missing_joints(people: People, owner: Tensor, fields: PoseFields, first_id: int = 1) -> Tensor:
    """(P, K, 2); the joints of P people, those of score 0 where their heatmap is highest among the person's cells.

    A person without cells gets the mean of its found joints there.

    Args:
        people: P people in pixels of the network input, on the CPU.
        owner: (h, w); the person of each cell that shows a part, 0 in others, on the device of the fields.
        fields: Fields of the image on the same grid, with a batch of 1.
        first_id: Id of the first of these people among the persons of the cells.

    Raises:
        ValueError: If the offset at such a place is NaN or infinite.
    """
    height, width = owner.shape
    heatmaps, offsets = fields.joint_heatmaps[0].flatten(1), fields.joint_offsets[0].flatten(2)
    best = likeliest_cells(heatmaps, owner.flatten(), first_id, len(people))  # (P, K)
    cell = best.clamp(max=height * width - 1)  # some cell in place of none
    offset = offsets[torch.arange(len(heatmaps), device=cell.device), :, cell].cpu()  # (P, K, 2)
    best, cell = best.cpu(), cell.cpu()
    found = (people.keypoint_scores > 0)[..., None]  # (P, K, 1)
    placed = ~found & (best < height * width)[..., None]  # (P, K, 1)
    if not offset[placed[..., 0]].isfinite().all():
        raise ValueError('joint_offsets hold NaN or infinity.')
    place = (torch.stack([cell % width, cell // width], -1) + 0.5) * fields.stride - 0.5 + offset  # (P, K, 2)
    mean = (people.keypoints * found).sum(1, keepdim=True) / found.sum(1, keepdim=True)  # (P, 1, 2), NaN without joints
    place = torch.where(placed, place, mean)
    return torch.where(found | place.isnan(), people.keypoints, place)


def likeliest_cells(heatmaps: Tensor, owner: Tensor, first_id: int, count: int) -> Tensor:
    """(P, K) int64; the first of the person's cells where the joint's heatmap is highest, or h * w if it has no cells.

    Memory grows with the people's cells times joints, to some four times that of the heatmaps.

    Args:
        heatmaps: (K, h * w), without NaN.
        owner: (h * w,); person of each cell.
        first_id: Id of the first person.
        count: P; the persons have ids from ``first_id`` to ``first_id + P - 1``.
    """
    types, none = heatmaps.shape
    row = owner.long() - first_id
    cells = torch.nonzero((row >= 0) & (row < count))[:, 0]  # (S,)
    row, height = row[cells].expand(types, -1), heatmaps[:, cells]  # (K, S) each
    # extremes, unlike sums, do not depend on the order in which a device takes the cells
    highest = height.new_full((types, count), -torch.inf).scatter_reduce_(1, row, height, 'amax')  # (K, P)
    candidate = torch.where(height == highest.gather(1, row), cells, none)  # (K, S)
    return cells.new_full((types, count), none).scatter_reduce_(1, row, candidate, 'amin').T
