"""Scores of parsed photos: joints, masks, and parts at points where the part is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmhparse.structures import COCO_17, DENSEPOSE_14

from .annotated_photos import AnnotatedPerson, AnnotatedPhoto, ParsedPhoto
from .part_points import part_points
from .people_precision import Precision, joint_precision, mask_precision

_SIDELESS = np.array([min(label, mirrored) for label, mirrored in enumerate(DENSEPOSE_14.flip_indices)])
"""(15,) one label for left and right."""
_SIGMAS = np.array(COCO_17.sigmas)  # (17,)


@dataclass(frozen=True)
class PointScores:
    """Shares of the part points, as fractions; NaN without any point.

    Attributes:
        right: Points that have the right part.
        right_but_for_side: The same with left and right taken for one.
        right_person: Points that have the right part and belong to the person that was matched to theirs.
        by_part: ``right`` by the name of the part, for parts with points.
        points: How many points there are.
    """

    right: float
    right_but_for_side: float
    right_person: float
    by_part: dict[str, float]
    points: int


@dataclass(frozen=True)
class PhotoScores:
    """All scores of a set of photos."""

    joints: Precision
    masks: Precision
    parts: PointScores

    def metrics(self) -> dict[str, float]:
        """The scores by which parsers of photos are compared, as fractions."""
        return {
            'OKS_AP': self.joints.ap,
            'OKS_AP_50': self.joints.ap50,
            'mask_AP': self.masks.ap,
            'mask_AP_50': self.masks.ap50,
            'part_points': self.parts.right,
            'part_points_either_side': self.parts.right_but_for_side,
            'part_points_right_person': self.parts.right_person,
        }


def score_photos(photos: Sequence[AnnotatedPhoto], parsed: Sequence[ParsedPhoto]) -> PhotoScores:
    """Scores what was found in each photo.

    Args:
        photos: The truth.
        parsed: What was found, in the same order.

    Raises:
        ValueError: If the numbers of photos differ, or a prediction has another size than its photo.
    """
    if len(photos) != len(parsed):
        raise ValueError(f'{len(photos)} photos need as many predictions, got {len(parsed)}.')
    for photo, prediction in zip(photos, parsed, strict=True):
        if prediction.part_map.shape != photo.size:
            raise ValueError(
                f"the prediction of '{photo.path.name}' is {prediction.part_map.shape}, but its annotations say "
                f'{photo.size} (height, width).'
            )
    return PhotoScores(joint_precision(photos, parsed), mask_precision(photos, parsed), score_points(photos, parsed))


def score_points(photos: Sequence[AnnotatedPhoto], parsed: Sequence[ParsedPhoto]) -> PointScores:
    """Scores the parts at the points of :func:`part_points`; crowds have none.

    People and predictions of a photo are matched one to one so that the sum of their similarities is greatest: IoU with
    the mask, or OKS where there is no mask.

    Args:
        photos: The truth.
        parsed: What was found, in the same order.
    """
    rows = []  # label, predicted label, whether the right person has the pixel
    for photo, prediction in zip(photos, parsed, strict=True):
        people = [person for person in photo.people if not person.is_crowd]
        partner = _partners(people, prediction)
        for number, person in enumerate(people):
            for point in part_points(photo, person):
                owner = prediction.person_map[point.y, point.x] - 1
                rows.append((point.label, prediction.part_map[point.y, point.x], owner == partner.get(number)))
    label, found, own = np.array(rows, int).reshape(-1, 3).T
    if not len(label):
        return PointScores(float('nan'), float('nan'), float('nan'), {}, 0)
    right = found == label
    by_part = {
        DENSEPOSE_14.parts[int(part)]: float(right[label == part].mean()) for part in sorted(set(label.tolist()))
    }
    sideless = _SIDELESS[found] == _SIDELESS[label]
    return PointScores(
        float(right.mean()), float(sideless.mean()), float((right & (own == 1)).mean()), by_part, len(label)
    )


def _partners(people: Sequence[AnnotatedPerson], prediction: ParsedPhoto) -> dict[int, int]:
    """Row of the predicted person for each person that has one; both are counted from 0."""
    similarity = np.zeros((len(people), len(prediction.scores)))  # (P, Q)
    masks = [prediction.mask(column) for column in range(len(prediction.scores))]
    for row, person in enumerate(people):
        for column, mask in enumerate(masks):
            similarity[row, column] = _similarity(person, mask, prediction.keypoints[column])
    pairs = zip(*linear_sum_assignment(similarity, maximize=True), strict=True)
    return {int(row): int(column) for row, column in pairs if similarity[row, column] > 0}


def _similarity(person: AnnotatedPerson, mask: np.ndarray, keypoints: np.ndarray) -> float:
    """IoU with the mask (H, W); without a mask the OKS of keypoints (17, 2), 0 without joints."""
    if person.mask is not None:
        return float((person.mask & mask).sum() / max(1, (person.mask | mask).sum()))
    labelled = person.labelled
    if not labelled.any():
        return 0.0
    squares = ((keypoints - person.joints[:, :2]) ** 2).sum(1)  # (17,)
    # COCO's OKS: exp(-d^2 / (2 (2 sigma)^2 area))
    similarity = np.exp(-squares / (8 * _SIGMAS**2 * max(person.area, 1.0)))
    return float(similarity[labelled].mean())
