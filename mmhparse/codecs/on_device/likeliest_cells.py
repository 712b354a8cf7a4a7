"""Joints that were not found -> the cells of their person where they are likeliest, on the device of the fields."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmhparse.structures import People, PoseFields


def place_missing_joints(
    people: Sequence[People], owner: Tensor, fields: PoseFields, first_ids: Sequence[int]
) -> list[Tensor]:
    """(P, K, 2) of each of B images; joints of score 0 where their heatmap is highest among the person's cells.

    A person without cells gets the mean of its found joints there.

    Args:
        people: P people of each image in pixels of the network input, on the CPU.
        owner: (B, h, w); the person of each cell that shows a part, 0 in others, on the device of the fields.
        fields: Fields of the images on the same grid.
        first_ids: In each image the id of the first of these people among the persons of the cells.

    Raises:
        ValueError: If the offset at such a place is NaN or infinite.
    """
    height, width = owner.shape[1:]
    counts = [len(own) for own in people]
    keypoints = torch.cat([own.keypoints for own in people])  # (P, K, 2)
    found = torch.cat([own.keypoint_scores > 0 for own in people])[..., None]  # (P, K, 1)
    heatmaps, offsets = fields.joint_heatmaps.flatten(2), fields.joint_offsets.flatten(3)
    best = likeliest_cells(heatmaps, owner.flatten(1), first_ids, counts)  # (P, K), P of all images
    cell = best.clamp(max=height * width - 1)  # some cell in place of none
    image = torch.repeat_interleave(torch.tensor(counts)).to(cell.device)  # (P,)
    offset = offsets[image[:, None], torch.arange(heatmaps.shape[1], device=cell.device), :, cell].cpu()  # (P, K, 2)
    best, cell = best.cpu(), cell.cpu()
    placed = ~found & (best < height * width)[..., None]  # (P, K, 1)
    if not offset[placed[..., 0]].isfinite().all():
        raise ValueError('joint_offsets hold NaN or infinity.')
    place = (torch.stack([cell % width, cell // width], -1) + 0.5) * fields.stride - 0.5 + offset  # (P, K, 2)
    mean = (keypoints * found).sum(1, keepdim=True) / found.sum(1, keepdim=True)  # (P, 1, 2), NaN without joints
    place = torch.where(placed, place, mean)
    return list(torch.where(found | place.isnan(), keypoints, place).split(counts))


def likeliest_cells(heatmaps: Tensor, owner: Tensor, first_ids: Sequence[int], counts: Sequence[int]) -> Tensor:
    """(P, K) int64; the first of the person's cells where the joint's heatmap is highest, or h * w if it has no cells.

    Memory grows with the people's cells times joints, to some four times that of the heatmaps.

    Args:
        heatmaps: (B, K, h * w), without NaN.
        owner: (B, h * w); person of each cell.
        first_ids: Id of the first person in each image.
        counts: People in each image, P in all; ids go from the first one up.
    """
    types, none = heatmaps.shape[1:]
    numbers = torch.tensor([first_ids, counts]).to(owner.device)  # (2, B)
    first, count = numbers[..., None]  # (B, 1) each
    row = owner - first  # (B, h * w), of the image's people
    image, cells = torch.nonzero((row >= 0) & (row < count), as_tuple=True)  # (S,) each
    row = (row + count.cumsum(0) - count)[image, cells]  # (S,), of the people of all images
    row, height = row[:, None].expand(-1, types), heatmaps[image, :, cells]  # (S, K) each
    # extremes, unlike sums, do not depend on the order in which a device takes the cells
    highest = height.new_full((sum(counts), types), -torch.inf).scatter_reduce_(0, row, height, 'amax')  # (P, K)
    candidate = torch.where(height == highest.gather(0, row), cells[:, None], none)  # (S, K)
    return cells.new_full((sum(counts), types), none).scatter_reduce_(0, row, candidate, 'amin')
