"""COCO joints -> line segments in place of the 14 parts of DensePose-COCO."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmhparse.structures import COCO_17, DENSEPOSE_14

CONTINUATION = 0.5
"""A limb with an unlabelled far joint continues straight for this share of the limb before it."""
HAND, FOOT = 0.5, 0.3
"""Length of a hand as a share of its forearm, of a foot (below the ankle) as a share of its lower leg."""
TRUNK_PER_NECK = 2.0
"""Shoulders to hips, as a multiple of face to shoulders; used where hips are unlabelled."""
HEAD_PER_TRUNK = (0.25, 0.6)
"""Lower and upper end of the head above the shoulders, as shares of the trunk; used where the face is unlabelled."""

_JOINT = {name: index for index, name in enumerate(COCO_17.joints)}
_PART = {name: index for index, name in enumerate(DENSEPOSE_14.parts)}
TORSO = _PART['torso']
_FACE = [_JOINT[name] for name in ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')]
_SHOULDERS = [_JOINT['left_shoulder'], _JOINT['right_shoulder']]
_HIPS = [_JOINT['left_hip'], _JOINT['right_hip']]


@dataclass(frozen=True)
class Segment:
    """A piece of a part.

    Attributes:
        part: Class of the part.
        start, end: (2,) float; x, y in pixels. They may be one point.
        hidden: Whether something is in front of it.
        on_trunk: Whether it starts at a joint of the trunk.
    """

    part: int
    start: np.ndarray
    end: np.ndarray
    hidden: bool = False
    on_trunk: bool = False


@dataclass(frozen=True, eq=False)
class BodySegments:
    """The known positions of one person's parts.

    Attributes:
        segments: At least one if any joint is labelled.
        trunk: (N, 2) corners of the trunk in order, N = 3 or 4, or N = 0 if fewer of them are known.
        trunk_length: Mean distance of shoulders and hips in pixels; 0 without a trunk.
    """

    segments: tuple[Segment, ...]
    trunk: np.ndarray
    trunk_length: float


def body_segments(joints: np.ndarray) -> BodySegments:
    """The segments of one person.

    Joints are connected along the limbs; a hand continues its forearm and a foot its lower leg. Unlabelled joints are
    replaced only where their neighbours leave little doubt:

    - an elbow or knee between two labelled joints: their middle;
    - the far end of a forearm or lower leg, the near end of an upper arm or leg, the thigh below a labelled hip:
      straight on from the known limb, half as long;
    - both hips: down from the shoulders, away from the face;
    - the whole face: up from the shoulders, away from the hips.

    A limb is hidden if all labelled joints that it depends on have visibility 1. Trunk and head never are: they are too
    broad to be covered by whatever hides their joints.

    Args:
        joints: (17, 3) float; x, y and visibility (0 unlabelled, 1 hidden, 2 visible) in the order of COCO.

    Raises:
        ValueError: If the joints are of another shape.
    """
    if joints.shape != (len(COCO_17), 3):
        raise ValueError(f'expected the 17 joints of COCO as (17, 3), got {joints.shape}.')
    points = [row[:2].astype(np.float64) if row[2] > 0 else None for row in joints]
    hidden = [row[2] == 1 for row in joints]
    hips = _hips(points)
    segments = [*_head(points, hips), *_trunk(points, hips)]
    for side in ('left', 'right'):
        arm = [_JOINT[f'{side}_{name}'] for name in ('shoulder', 'elbow', 'wrist')]
        leg = [_JOINT[f'{side}_{name}'] for name in ('hip', 'knee', 'ankle')]
        arm_parts = [_PART[f'{side}_{name}'] for name in ('upper_arm', 'lower_arm', 'hand')]
        leg_parts = [_PART[f'{side}_{name}'] for name in ('upper_leg', 'lower_leg', 'foot')]
        segments += _limb(points, hidden, arm, arm_parts, HAND)
        segments += _limb(points, hidden, leg, leg_parts, FOOT)
        segments += _thigh_from_trunk(points, leg, _JOINT[f'{side}_shoulder'], leg_parts[0])
    corners = [point for point in (*_of(points, _SHOULDERS), *_of(hips, (1, 0))) if point is not None]
    trunk = np.stack(corners) if len(corners) >= 3 else np.zeros((0, 2))
    return BodySegments(tuple(segments), trunk, _trunk_length(points, hips))


def _of(points: Sequence, indices: Sequence[int]) -> list:
    return [points[index] for index in indices]


def _middle(points: Sequence) -> np.ndarray | None:
    """The mean of the known points."""
    known = [point for point in points if point is not None]
    return np.mean(known, axis=0) if known else None


def _beyond(before: np.ndarray, at: np.ndarray, share: float) -> np.ndarray:
    """The point straight on from ``at``, coming from ``before``, a share of their distance away."""
    return at + share * (at - before)


def _hips(points: Sequence) -> list:
    """Left and right hip; from face and shoulders if neither is labelled."""
    hips, shoulders = _of(points, _HIPS), _of(points, _SHOULDERS)
    face, neck = _middle(_of(points, _FACE)), _middle(shoulders)
    if _middle(hips) is not None or face is None or neck is None:
        return hips
    return [None if shoulder is None else shoulder + TRUNK_PER_NECK * (neck - face) for shoulder in shoulders]


def _trunk_length(points: Sequence, hips: Sequence) -> float:
    neck, pelvis = _middle(_of(points, _SHOULDERS)), _middle(hips)
    return 0.0 if neck is None or pelvis is None else float(np.linalg.norm(neck - pelvis))


def _head(points: Sequence, hips: Sequence) -> list[Segment]:
    """The lines between the joints of the face, and an axis from the middle of the neck to the crown."""
    face = [point for point in _of(points, _FACE) if point is not None]
    centre, neck, pelvis = _middle(face), _middle(_of(points, _SHOULDERS)), _middle(hips)
    lines = list(combinations(face, 2)) or [(point, point) for point in face]
    if centre is not None and neck is not None:
        lines.append(((centre + neck) / 2, _beyond(neck, centre, CONTINUATION)))
    elif neck is not None and pelvis is not None:
        start, end = (_beyond(pelvis, neck, share) for share in HEAD_PER_TRUNK)
        lines.append((start, end))
    return [Segment(_PART['head'], start, end) for start, end in lines]


def _trunk(points: Sequence, hips: Sequence) -> list[Segment]:
    """Outline and middle line of the trunk as far as they are known; single points where not one line is."""
    shoulders = _of(points, _SHOULDERS)
    lines = [shoulders, hips, *zip(shoulders, hips, strict=True), (_middle(shoulders), _middle(hips))]
    whole = [line for line in lines if line[0] is not None and line[1] is not None]
    alone = [(point, point) for point in (*shoulders, *hips) if point is not None]
    return [Segment(TORSO, start, end) for start, end in whole or alone]


def _limb(
    points: Sequence, hidden: Sequence[bool], chain: Sequence[int], parts: Sequence[int], tip: float
) -> list[Segment]:
    """Upper part, lower part and tip (hand or foot) of an arm or a leg.

    Args:
        chain: Indices of the near, middle and far joint.
        parts: Classes of the upper part, the lower part and the tip.
        tip: Length of the tip as a share of the lower part.
    """
    near, middle, far = _of(points, chain)
    near_hidden, middle_hidden, far_hidden = _of(hidden, chain)
    if middle is None and near is not None and far is not None:
        middle, middle_hidden = (near + far) / 2, near_hidden and far_hidden
    upper, lower, end = parts
    segments = []
    if middle is None:
        if far is not None:
            segments.append(Segment(end, far, far, far_hidden))
        return segments
    if near is not None:
        segments.append(Segment(upper, near, middle, near_hidden and middle_hidden, on_trunk=True))
    elif far is not None:
        segments.append(Segment(upper, middle, _beyond(far, middle, CONTINUATION), middle_hidden))
    if far is not None:
        segments.append(Segment(lower, middle, far, middle_hidden and far_hidden))
        segments.append(Segment(end, far, _beyond(middle, far, tip), far_hidden))
    else:
        beyond = middle if near is None else _beyond(near, middle, CONTINUATION)
        segments.append(Segment(lower, middle, beyond, middle_hidden))
    return segments


def _thigh_from_trunk(points: Sequence, leg: Sequence[int], shoulder: int, part: int) -> list[Segment]:
    """The thigh of a person that the image cuts off below a labelled hip."""
    hip, knee, ankle = _of(points, leg)
    if hip is None or points[shoulder] is None or knee is not None or ankle is not None:
        return []
    return [Segment(part, hip, _beyond(points[shoulder], hip, CONTINUATION), on_trunk=True)]
