"""People: the persons of one image as mmengine's InstanceData, in a form that mmpose's metrics and drawers read."""

import torch
from mmengine.structures import InstanceData
from torch import Tensor


def make_people(keypoints: Tensor, keypoint_scores: Tensor, scores: Tensor) -> InstanceData:
    """Collects P persons; row p is the person with id p + 1 in a person map.

    Args:
        keypoints: (P, K, 2) float; x, y in pixels. Joints that were not found are (0, 0) with score 0.
        keypoint_scores: (P, K) float in [0, 1]; 0 = not found.
        scores: (P,) float in [0, 1].

    Returns:
        InstanceData with those and ``bboxes`` (P, 4): x1, y1, x2, y2 round the found joints (0 without any).

    Raises:
        ValueError: If the shapes disagree.
    """
    people, joints = keypoint_scores.shape
    if keypoints.shape != (people, joints, 2) or scores.shape != (people,):
        raise ValueError(
            'expected keypoints (P, K, 2), keypoint_scores (P, K) and scores (P,), got '
            f'{tuple(keypoints.shape)}, {tuple(keypoint_scores.shape)} and {tuple(scores.shape)}.'
        )
    return InstanceData(
        keypoints=keypoints,
        keypoint_scores=keypoint_scores,
        scores=scores,
        bboxes=boxes_round(keypoints, keypoint_scores > 0),
    )


def boxes_round(points: Tensor, mask: Tensor) -> Tensor:
    """(P, 4) boxes x1, y1, x2, y2 round the points (P, K, 2) where mask (P, K) holds; 0 where none does."""
    infinity = torch.full_like(points, float('inf'))
    known = mask[..., None]
    low = torch.where(known, points, infinity).amin(1) if points.shape[1] else points.sum(1)
    high = torch.where(known, points, -infinity).amax(1) if points.shape[1] else points.sum(1)
    boxes = torch.cat([low, high], dim=1)
    return torch.where(boxes.isfinite(), boxes, torch.zeros_like(boxes))
