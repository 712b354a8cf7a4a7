"""Similarities of the people of two frames."""

import torch
from torch import Tensor

from mmhparse.structures import Parsing


def joint_similarity(
    first: Tensor, first_found: Tensor, second: Tensor, second_found: Tensor, boxes: Tensor, sigmas: Tensor
) -> Tensor:
    """Object keypoint similarity of all pairs of people, as COCO defines it, over the joints that both have.

    Args:
        first, second: (R, K, 2) and (P, K, 2) joints in pixels.
        first_found, second_found: (R, K) and (P, K) bool.
        boxes: (P, 4) x1, y1, x2, y2 of the second; half the area of a box replaces the mask area of COCO's formula.
        sigmas: (K,) OKS sigmas of the joint types.

    Returns:
        (R, P) in [0, 1]; 0 for people without a common joint.
    """
    squared = (first[:, None] - second[None]).square().sum(-1)  # (R, P, K)
    area = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1).prod(-1) / 2  # (P,)
    similarity = (-squared / (2 * area[None, :, None] * (2 * sigmas).square())).exp()  # (R, P, K)
    both = first_found[:, None] & second_found[None]  # (R, P, K)
    return (similarity * both).sum(-1) / both.sum(-1).clamp(min=1)


def part_overlap(first: Parsing, second: Parsing, rows: int, columns: int) -> Tensor:
    """Intersection over union of all pairs of people in two frames, counting only pixels with the same part in both.

    All pairs are counted at once: a pixel of person r in the first frame and person p in the second is counted in cell
    r * (P + 1) + p. With P = 2 people in the second frame, r = 1 and p = 2 share cell 5.

    Args:
        first, second: Maps of one size, with person ids from 1.
        rows, columns: Number of people R in the first and P in the second.

    Returns:
        (R, P) in [0, 1].
    """
    persons, later_persons = first.person_map.long(), second.person_map.long()  # (H, W)
    same = (persons > 0) & (later_persons > 0) & (first.part_map == second.part_map)  # (H, W)
    cell = persons[same] * (columns + 1) + later_persons[same]  # (pixels,)
    shared = torch.bincount(cell, minlength=(rows + 1) * (columns + 1)).view(rows + 1, columns + 1)
    areas = torch.bincount(persons.flatten(), minlength=rows + 1)  # (R + 1,)
    later_areas = torch.bincount(later_persons.flatten(), minlength=columns + 1)  # (P + 1,)
    union = areas[:, None] + later_areas - shared  # (R + 1, P + 1)
    return (shared / union.clamp(min=1))[1:, 1:]
