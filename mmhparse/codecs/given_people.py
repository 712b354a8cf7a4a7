"""People that another detector or pose model found, in place of our own."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmhparse.structures import ImageGeometry, enclosing_boxes, make_people
from mmhparse.structures.boxes import box_iou

GivenPeople = InstanceData | Tensor | np.ndarray
"""Boxes (P, 4), x1, y1, x2, y2; poses (P, K, 3), x, y and a score or visibility; or InstanceData, as mmdet's and
mmpose's ``pred_instances``. In pixels of the original image."""


def read_given_people(people: GivenPeople, num_joints: int) -> InstanceData:
    """Another model's people as ``keypoints``, ``keypoint_scores`` and ``scores``, or ``bboxes`` and ``scores``.

    Where both are there, the keypoints count. Scores that are missing become those of the joints, or 1.

    Args:
        people: In pixels of the original image.
        num_joints: K joint types of the skeleton.

    Raises:
        ValueError: If it is neither boxes nor poses of that many joints, or not finite.
    """
    if isinstance(people, InstanceData):
        if 'keypoints' in people:
            points, scores = _floats(people.keypoints), people.get('keypoint_scores')
            scores = torch.ones(points.shape[:2]) if scores is None else _floats(scores)
            return _poses(points, scores, people, num_joints)
        if 'bboxes' in people:
            return _boxes(_floats(people.bboxes), people)
        raise ValueError(f'people must have bboxes or keypoints, got InstanceData with {sorted(people.keys())}.')
    array = _floats(people)
    if array.ndim == 3 and array.shape[2] == 3:
        return _poses(array[..., :2], array[..., 2].clamp(0, 1), InstanceData(), num_joints)
    return _boxes(array, InstanceData())


def in_network_input(people: InstanceData, geometry: ImageGeometry, num_joints: int) -> InstanceData:
    """The people of :func:`read_given_people` in pixels of the network input, as people of the decoder.

    Args:
        people: Poses, or boxes, which become people without any found joint.
        geometry: Relates the original image to the network input.
        num_joints: K joint types.
    """
    if 'keypoints' in people:
        points = torch.from_numpy(geometry.points_to_input(people.keypoints.numpy())).float()
        found = people.keypoint_scores[..., None] > 0
        points = torch.where(found, points, torch.zeros_like(points))
        return make_people(points, people.keypoint_scores, people.scores)
    count = len(people.bboxes)
    moved = make_people(torch.zeros(count, num_joints, 2), torch.zeros(count, num_joints), people.scores)
    corners = geometry.points_to_input(people.bboxes.view(-1, 2, 2).numpy())
    moved.bboxes = torch.from_numpy(corners).float().view(-1, 4)
    return moved


def joints_for_boxes(boxes: InstanceData, own: InstanceData) -> InstanceData:
    """Boxes with the joints of our own people who stand in them; all in pixels of the network input.

    Box and person are matched one to one, for the largest total of: share of the person's joints inside the box, times
    overlap (IoU) of the box and the box round the joints. Joints outside are left out. A box without a person of ours
    stays without joints.

    Args:
        boxes: People with ``bboxes`` and without joints.
        own: People whom the decoder grouped.
    """
    found = own.keypoint_scores > 0
    x, y = own.keypoints[None, ..., 0], own.keypoints[None, ..., 1]
    x1, y1, x2, y2 = boxes.bboxes[:, :, None, None].unbind(1)
    inside = found & (x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)
    share = inside.sum(2) / found.sum(1).clamp(min=1)
    fit = share * box_iou(boxes.bboxes, enclosing_boxes(own.keypoints, found))
    keypoints, scores = boxes.keypoints.clone(), boxes.keypoint_scores.clone()
    for box, person in zip(*linear_sum_assignment(fit.numpy(), maximize=True), strict=True):
        kept = inside[box, person]
        keypoints[box, kept] = own.keypoints[person, kept]
        scores[box, kept] = own.keypoint_scores[person, kept]
    filled = make_people(keypoints, scores, boxes.scores)
    filled.bboxes = boxes.bboxes
    return filled


def _poses(points: Tensor, joint_scores: Tensor, source: InstanceData, num_joints: int) -> InstanceData:
    if points.shape[1:] != (num_joints, 2) or joint_scores.shape != points.shape[:2]:
        raise ValueError(
            f'poses must have {num_joints} joints, the skeleton of the codec, as keypoints (P, {num_joints}, 2) and '
            f'keypoint_scores (P, {num_joints}), or as one (P, {num_joints}, 3) array; got {tuple(points.shape)} and '
            f'{tuple(joint_scores.shape)}.'
        )
    found = (joint_scores > 0).sum(1).clamp(min=1)
    scores = _scores(source, len(points))
    scores = joint_scores.sum(1) / found if scores is None else scores
    return InstanceData(keypoints=points, keypoint_scores=joint_scores, scores=scores)


def _boxes(boxes: Tensor, source: InstanceData) -> InstanceData:
    if boxes.ndim != 2 or boxes.shape[1] != 4 or (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError(
            'people must be boxes (P, 4) with x1 <= x2 and y1 <= y2, or poses (P, K, 3), got '
            f'{tuple(boxes.shape)}{"" if boxes.ndim != 2 or boxes.shape[1] != 4 else " with an inverted box"}.'
        )
    scores = _scores(source, len(boxes))
    return InstanceData(bboxes=boxes, scores=torch.ones(len(boxes)) if scores is None else scores)


def _scores(source: InstanceData, count: int) -> Tensor | None:
    for name in ('scores', 'bbox_scores'):
        if name in source:
            scores = _floats(source[name])
            if scores.shape != (count,):
                raise ValueError(f'{name} of {count} people must be ({count},), got {tuple(scores.shape)}.')
            return scores
    return None


def _floats(values: Tensor | np.ndarray) -> Tensor:
    values = torch.as_tensor(values).detach().cpu().float()
    if not values.isfinite().all():
        raise ValueError('boxes, joints and scores of people must be finite numbers; some are NaN or infinite.')
    return values
