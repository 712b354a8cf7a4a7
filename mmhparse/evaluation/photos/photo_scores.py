"""Scores of parsed photos: joints, masks, and parts at points where the part is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhparse.structures import DENSEPOSE_14

from .judged_photo import JudgedPhoto
from .people_precision import Precision, joint_precision, mask_precision

_SIDELESS = np.array([min(label, mirrored) for label, mirrored in enumerate(DENSEPOSE_14.flip_indices)])
"""(15,) one label for left and right."""


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


def score_photos(judged: Sequence[JudgedPhoto]) -> PhotoScores:
    """The scores of all photos."""
    return PhotoScores(joint_precision(judged), mask_precision(judged), score_points(judged))


def score_points(judged: Sequence[JudgedPhoto]) -> PointScores:
    """Scores the parts at the points of :func:`part_points`."""
    rows = np.concatenate([np.zeros((0, 3), int), *(photo.points for photo in judged)])
    label, found, own = rows.T
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
