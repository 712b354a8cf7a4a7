"""People: the persons of one image as mmengine's InstanceData, in a form that mmpose's metrics and drawers read."""

from mmengine.structures import InstanceData
from torch import Tensor

from .boxes import enclosing_boxes


def make_people(keypoints: Tensor, keypoint_scores: Tensor, scores: Tensor) -> InstanceData:
    """Collects P persons; row p is the person with id p + 1 in a person map.

    Args:
        keypoints: (P, K, 2) float; x, y in pixels. Joints that were not found are (0, 0) with score 0.
        keypoint_scores: (P, K) float in [0, 1]; 0 = not found.
        scores: (P,) float in [0, 1].

    Returns:
        InstanceData with those and ``bboxes`` (P, 4): x1, y1, x2, y2 around the found joints (0 without any).

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
        bboxes=enclosing_boxes(keypoints, keypoint_scores > 0),
    )
