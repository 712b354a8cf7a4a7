"""The people of one image, predicted and labelled, as mmengine's InstanceData with named columns."""

from mmengine.structures import InstanceData
from torch import Tensor

from .boxes import enclosing_boxes


class People(InstanceData):
    """Predicted people, in columns that mmpose's metrics and drawers read. Row p is person p + 1 of a person map.

    Attributes:
        keypoints: (P, K, 2) float; x, y in pixels. Joints that were not found have score 0; they are at
            (0, 0), or where they are likeliest if the codec places them.
        keypoint_scores: (P, K) float in [0, 1]; 0 = not found.
        scores: (P,) float in [0, 1].
        bboxes: (P, 4) float; x1, y1, x2, y2 in pixels.
    """

    keypoints: Tensor
    keypoint_scores: Tensor
    scores: Tensor
    bboxes: Tensor


class LabelledPeople(InstanceData):
    """The truth about people. Row p is person p + 1 of a person map.

    Attributes:
        joints: (P, K, 3) float; x, y in pixels and visibility: 0 unlabelled, 1 labelled but hidden, 2 visible.
        bboxes: (P, 4) float; x1, y1, x2, y2 in pixels.
        areas: (P,) int64; pixels of each person in the person map.
    """

    joints: Tensor
    bboxes: Tensor
    areas: Tensor


def make_people(keypoints: Tensor, keypoint_scores: Tensor, scores: Tensor) -> People:
    """People with boxes around their found joints; all 0 without any.

    Args:
        keypoints: (P, K, 2) float; x, y in pixels. Joints that were not found are (0, 0).
        keypoint_scores: (P, K) float in [0, 1]; 0 = not found.
        scores: (P,) float in [0, 1].

    Raises:
        ValueError: If the shapes disagree.
    """
    people, joints = keypoint_scores.shape
    if keypoints.shape != (people, joints, 2) or scores.shape != (people,):
        raise ValueError(
            'expected keypoints (P, K, 2), keypoint_scores (P, K) and scores (P,), got '
            f'{tuple(keypoints.shape)}, {tuple(keypoint_scores.shape)} and {tuple(scores.shape)}.'
        )
    return People(
        keypoints=keypoints,
        keypoint_scores=keypoint_scores,
        scores=scores,
        bboxes=enclosing_boxes(keypoints, keypoint_scores > 0),
    )
