"""People that another detector or pose model found, in place of our own."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmhparse.structures import ImageGeometry, People, enclosing_boxes, make_people
from mmhparse.structures.boxes import box_iou

GivenPeople = InstanceData | Tensor | np.ndarray | Sequence
"""Boxes (P, 4), x1, y1, x2, y2; poses (P, K, 3), x, y and a score or visibility; or InstanceData with the columns of
mmdet's and mmpose's ``pred_instances``. In pixels of the original image."""


class GivenPoses(InstanceData):
    """Another model's poses, in pixels of the original image.

    Attributes:
        keypoints: (P, K, 2) float; x, y.
        keypoint_scores: (P, K) float; 0 = not found.
        scores: (P,) float.
    """

    keypoints: Tensor
    keypoint_scores: Tensor
    scores: Tensor


class GivenBoxes(InstanceData):
    """Another model's boxes, in pixels of the original image.

    Attributes:
        bboxes: (P, 4) float; x1, y1, x2, y2.
        scores: (P,) float.
    """

    bboxes: Tensor
    scores: Tensor


def read_given_people(people: GivenPeople, num_joints: int) -> GivenPoses | GivenBoxes:
    """Another model's people, checked, on the CPU.

    Where there are both keypoints and boxes, the keypoints are used. Scores that are missing become the mean score of
    the found joints of a pose, or 1 for a box.

    Args:
        people: In pixels of the original image.
        num_joints: K joint types of the skeleton.

    Raises:
        TypeError: If it holds no numbers.
        ValueError: If it is neither boxes nor poses of that many joints, or not finite.
    """
    if isinstance(people, InstanceData):
        scores = _person_scores(people)
        if 'keypoints' in people:
            points, joint_scores = _floats(people.get('keypoints')), people.get('keypoint_scores')
            joint_scores = points.new_ones(points.shape[:2]) if joint_scores is None else _floats(joint_scores)
            return _poses(points, joint_scores, scores, num_joints)
        if 'bboxes' in people:
            return _boxes(_floats(people.get('bboxes')), scores)
        raise ValueError(f'people must have bboxes or keypoints, got InstanceData with {sorted(people.keys())}.')
    array = _floats(people)
    if array.ndim == 3 and array.shape[2] == 3:
        return _poses(array[..., :2], array[..., 2].clamp(0, 1), None, num_joints)
    return _boxes(array, None)


def poses_in_input(poses: GivenPoses, geometry: ImageGeometry) -> People:
    """Poses as people of the decoder, in pixels of the network input."""
    points = torch.from_numpy(geometry.points_to_input(poses.keypoints.numpy())).float()  # (P, K, 2)
    found = poses.keypoint_scores[..., None] > 0
    return make_people(torch.where(found, points, torch.zeros_like(points)), poses.keypoint_scores, poses.scores)


def boxes_in_input(boxes: GivenBoxes, geometry: ImageGeometry, num_joints: int) -> People:
    """Boxes as people of the decoder that have no joint yet, in pixels of the network input."""
    count = len(boxes.bboxes)
    joints, found = boxes.scores.new_zeros(count, num_joints, 2), boxes.scores.new_zeros(count, num_joints)
    people = make_people(joints, found, boxes.scores)
    corners = geometry.points_to_input(boxes.bboxes.view(-1, 2, 2).numpy())  # (P, 2, 2)
    people.bboxes = torch.from_numpy(corners).float().view(-1, 4)
    return people


def joints_for_boxes(boxes: People, own: People) -> People:
    """Boxes with the joints of our own people inside them; all in pixels of the network input.

    Boxes and people are matched one to one, for the largest total of: share of the person's joints inside the box,
    times overlap (IoU) of the box and the box around the joints. Joints outside are left out. A box without a person of
    ours has no joints.

    Args:
        boxes: P people with ``bboxes`` and without joints.
        own: Q people whom the decoder grouped.
    """
    found = own.keypoint_scores > 0  # (Q, K)
    x, y = own.keypoints[None, ..., 0], own.keypoints[None, ..., 1]  # (1, Q, K) each
    x1, y1, x2, y2 = boxes.bboxes[:, :, None, None].unbind(1)  # (P, 1, 1) each
    inside = found & (x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)  # (P, Q, K)
    share = inside.sum(2) / found.sum(1).clamp(min=1)  # (P, Q)
    fit = share * box_iou(boxes.bboxes, enclosing_boxes(own.keypoints, found))  # (P, Q)
    keypoints, scores = boxes.keypoints.clone(), boxes.keypoint_scores.clone()
    for box, person in zip(*linear_sum_assignment(fit.numpy(), maximize=True), strict=True):
        kept = inside[box, person]  # (K,)
        keypoints[box, kept] = own.keypoints[person, kept]
        scores[box, kept] = own.keypoint_scores[person, kept]
    filled = make_people(keypoints, scores, boxes.scores)
    filled.bboxes = boxes.bboxes
    return filled


def _poses(points: Tensor, joint_scores: Tensor, scores: Tensor | None, num_joints: int) -> GivenPoses:
    if points.shape[1:] != (num_joints, 2) or joint_scores.shape != points.shape[:2]:
        raise ValueError(
            f'poses must have {num_joints} joints, the skeleton of the codec, as keypoints (P, {num_joints}, 2) and '
            f'keypoint_scores (P, {num_joints}), or as one (P, {num_joints}, 3) array; got {tuple(points.shape)} and '
            f'{tuple(joint_scores.shape)}.'
        )
    if scores is None:
        scores = joint_scores.sum(1) / (joint_scores > 0).sum(1).clamp(min=1)  # (P,)
    return GivenPoses(keypoints=points, keypoint_scores=joint_scores, scores=scores)


def _boxes(boxes: Tensor, scores: Tensor | None) -> GivenBoxes:
    if boxes.shape == (0,):  # as the list of nobody's boxes has it
        boxes = boxes.view(0, 4)
    has_columns = boxes.ndim == 2 and boxes.shape[1] == 4
    if not has_columns or (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError(
            'people must be boxes (P, 4) with x1 <= x2 and y1 <= y2, or poses (P, K, 3), got '
            f'{tuple(boxes.shape)}{" with an inverted box" if has_columns else ""}.'
        )
    return GivenBoxes(bboxes=boxes, scores=boxes.new_ones(len(boxes)) if scores is None else scores)


def _person_scores(people: InstanceData) -> Tensor | None:
    """(P,) scores of people, under mmdet's or mmpose's name, if there are any."""
    for name in ('scores', 'bbox_scores'):
        if name in people:
            scores = _floats(people.get(name))
            if scores.shape != (len(people),):
                raise ValueError(f'{name} of {len(people)} people must be ({len(people)},), got {tuple(scores.shape)}.')
            return scores
    return None


def _floats(values: Tensor | np.ndarray | Sequence) -> Tensor:
    """The values as float32 tensor on the CPU."""
    if isinstance(values, Tensor):
        tensor = values.detach().cpu().float()
    else:
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise ValueError('people must be boxes (P, 4) or poses (P, K, 3), with rows of one length.') from error
        if array.dtype.kind not in 'fiub':
            raise TypeError(
                'people must be boxes (P, 4), poses (P, K, 3) or InstanceData with these, got '
                f'{type(values).__name__}{f" of {array.dtype}" if array.ndim else ""}.'
            )
        tensor = torch.from_numpy(np.array(array, np.float32))  # a copy: torch takes no negative strides
    if not tensor.isfinite().all():
        raise ValueError('boxes, joints and scores of people must be finite numbers; some are NaN or infinite.')
    return tensor
