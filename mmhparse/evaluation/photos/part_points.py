"""Points whose part is known although nobody labelled parts: the middle of a limb between two visible joints."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmhparse.structures import COCO_17, DENSEPOSE_14

from .annotated_photos import AnnotatedPerson, AnnotatedPhoto

_LIMBS = {'upper_arm': ('shoulder', 'elbow'), 'lower_arm': ('elbow', 'wrist')}
_LIMBS |= {'upper_leg': ('hip', 'knee'), 'lower_leg': ('knee', 'ankle')}
_TRUNK = tuple(COCO_17.joints.index(f'{side}_{joint}') for joint in ('shoulder', 'hip') for side in ('left', 'right'))
_FACE = tuple(COCO_17.joints.index(name) for name in ('nose', 'left_eye', 'right_eye'))
TORSO, HEAD = DENSEPOSE_14.parts.index('torso'), DENSEPOSE_14.parts.index('head')
_BETWEEN = {
    tuple(COCO_17.joints.index(f'{side}_{joint}') for joint in joints): DENSEPOSE_14.parts.index(f'{side}_{part}')
    for part, joints in _LIMBS.items()
    for side in ('left', 'right')
} | {_TRUNK: TORSO}
"""The part amid joints that are all visible."""


@dataclass(frozen=True)
class PartPoint:
    """A pixel (x, y) that shows the part ``label`` of ``densepose_14``."""

    x: int
    y: int
    label: int


def part_points(photo: AnnotatedPhoto, person: AnnotatedPerson) -> Iterator[PartPoint]:
    """The points of one person of a photo.

    One lies in the middle of each limb whose two joints are visible, one amid the four joints of the trunk if all are
    visible, and one amid those of nose and eyes that are visible. A point counts only if it surely shows this person:
    it lies in the person's mask or, without a mask, outside the boxes of all others.
    """
    joints, visible = person.joints[:, :2], person.joints[:, 2] == 2
    spots = [(joints[list(ends)].mean(0), label) for ends, label in _BETWEEN.items() if visible[list(ends)].all()]
    face = [joint for joint in _FACE if visible[joint]]
    if face:
        spots.append((joints[face].mean(0), HEAD))
    height, width = photo.size
    for spot, label in spots:
        x, y = np.clip(np.rint(spot), 0, (width - 1, height - 1)).astype(int).tolist()
        if _shows(photo, person, spot) if person.mask is None else person.mask[y, x]:
            yield PartPoint(x, y, label)


def _shows(photo: AnnotatedPhoto, person: AnnotatedPerson, spot: np.ndarray) -> bool:
    """Whether a spot (2,) lies in nobody else's box."""
    boxes = np.array([other.box for other in photo.people if other is not person]).reshape(-1, 2, 2)
    low, high = boxes[:, 0], boxes.sum(1)  # (P - 1, 2)
    return not ((spot >= low) & (spot <= high)).all(1).any()
