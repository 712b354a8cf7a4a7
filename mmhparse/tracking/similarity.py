"""How similar the people of two frames are."""

import torch
from torch import Tensor

from mmhparse.structures import Parsing


def joint_similarity(
    first: Tensor, first_found: Tensor, second: Tensor, second_found: Tensor, boxes: Tensor, tolerances: Tensor
) -> Tensor:
    """(T, P) object keypoint similarity, as COCO defines it, over the joints that both have; 0 without any.

    Args:
        first, second: (T, K, 2) and (P, K, 2) joints in pixels.
        first_found, second_found: (T, K) and (P, K) bool.
        boxes: (P, 4); half of a box's area stands for COCO's mask area.
        tolerances: (K,) COCO's sigmas.
    """
    squared = (first[:, None] - second[None]).square().sum(-1)
    area = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1).prod(-1) / 2
    similarity = (-squared / (2 * area[None, :, None] * (2 * tolerances).square())).exp()
    both = first_found[:, None] & second_found[None]
    return (similarity * both).sum(-1) / both.sum(-1).clamp(min=1)


def part_overlap(first: Parsing, second: Parsing, rows: int, columns: int) -> Tensor:
    """(R, P) share of the pixels of a person in two frames that show the same part of both.

    Intersection over union, where a pixel is shared if it shows the same part of person r in the first and of person p
    in the second.

    Args:
        first, second: Maps of one size, with person ids from 1.
        rows, columns: R and P people.
    """
    one, other = first.person_map.long(), second.person_map.long()
    same = (one > 0) & (other > 0) & (first.part_map == second.part_map)
    key = one[same] * (columns + 1) + other[same]
    shared = torch.bincount(key, minlength=(rows + 1) * (columns + 1)).view(rows + 1, columns + 1)
    pixels = torch.bincount(one.flatten(), minlength=rows + 1)[:, None] + torch.bincount(
        other.flatten(), minlength=columns + 1
    )
    return (shared / (pixels - shared).clamp(min=1))[1:, 1:]
