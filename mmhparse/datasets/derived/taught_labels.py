"""Part and person maps of a photo from a teacher's views, put right by what people annotated.

What people annotated is the truth: masks bound their person's pixels, joints decide between left and right and between
the pieces of a limb. Whatever stays in doubt is ignored, never background.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from mmhparse.structures import COCO_17, DENSEPOSE_14, IGNORE
from mmhparse.structures.annotation import MAX_PEOPLE

from .body_segments import body_segments
from .pseudo_parts import segment_distances

SURE, MAYBE = 0.5, 0.3
"""Probabilities of a person above which a pixel is somebody's, and above which it is at least not background."""
FAR = 0.35
"""A pixel belongs to nobody whose joints lie farther from where it expects them, in sizes of the person's box."""
CONTESTED = 0.75
"""A pixel is contested if the second person's distance is so near that the first's is above this share of it."""
BOX_MARGIN = 0.04
"""People reach beyond their boxes by at most this share of the boxes' sides."""
SIDE_MARGIN, PIECE_MARGIN = 0.03, 0.12
"""Differences of distances to limbs, in sizes of the box, above which joints decide against the teacher: between left
and right, and between the pieces of one limb."""
SIDE_NEAR = 0.05
"""Distance to a limb, in sizes of the box, below which its side is right although the other side has no joints."""
UNCERTAIN = 0.25
"""Where the teacher's best part is less likely than this, the nearest limb decides, or the part is ignored."""

CORE = 0.035
"""Half the width of what surely shows a limb between two visible joints, in sizes of the box; and which share of the
limb's length it spans, for joints at the trunk lie deep in it."""
CORE_SPAN = (0.2, 0.9)

_PARTS = DENSEPOSE_14.parts
LIMB_PARTS = {
    (COCO_17.joints.index(f'{side}_{first}'), COCO_17.joints.index(f'{side}_{second}')): _PARTS.index(f'{side}_{part}')
    for side in ('left', 'right')
    for first, second, part in (
        ('shoulder', 'elbow', 'upper_arm'),
        ('elbow', 'wrist', 'lower_arm'),
        ('hip', 'knee', 'upper_leg'),
        ('knee', 'ankle', 'lower_leg'),
    )
}
"""The part that lies between two joints."""
_OTHER_SIDE = np.array(DENSEPOSE_14.flip_indices)
_CHAINS = tuple(
    tuple(_PARTS.index(f'{side}_{piece}') for piece in pieces)
    for side in ('left', 'right')
    for pieces in (('upper_arm', 'lower_arm', 'hand'), ('upper_leg', 'lower_leg', 'foot'))
)


class View(Protocol):
    """A window of the photo as a teacher sees it: see :class:`mmhparse.models.teachers.PersonView`."""

    window: tuple[int, int, int, int]
    person: np.ndarray
    parts: np.ndarray
    certainty: np.ndarray
    landing: np.ndarray


@dataclass(frozen=True, eq=False)
class TaughtPerson:
    """One person: what people annotated, and the teacher's view.

    Attributes:
        box: (4,) float; x1, y1, x2, y2 in pixels.
        joints: (17, 3) float; x, y and visibility (0 unlabelled, 1 hidden, 2 visible).
        mask: (H, W) bool drawn by people, None without one.
        view: The teacher's, None if the person is not to be labelled (a box alone, or too small to be seen).
    """

    box: np.ndarray
    joints: np.ndarray
    mask: np.ndarray | None
    view: View | None

    @property
    def size(self) -> float:
        """Side of a square of the box's area, in pixels."""
        return float(np.sqrt(max(np.prod(self.box[2:] - self.box[:2]), 1.0)))


def taught_maps(
    people: Sequence[TaughtPerson], crowd: np.ndarray, *, corrected: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The maps of one photo.

    Args:
        people: Those who are annotated one by one; person p gets the id p + 1.
        crowd: (H, W) bool; regions in which people were not told apart.
        corrected: Whether joints correct the teacher's parts; they always decide between people.

    Returns:
        part_map (H, W) uint8 and person_map (H, W) int32; 255 = ignore in both. A pixel with a person's id and part 255
        is that person's, and its part is unknown.

    Raises:
        ValueError: If there are more than 254 people.
    """
    if len(people) > MAX_PEOPLE:
        raise ValueError(f'at most {MAX_PEOPLE} people fit one person map (255 means ignore), got {len(people)}.')
    owner = _owners(people, crowd)  # (H, W)
    part_map = np.where(owner == IGNORE, IGNORE, 0).astype(np.uint8)
    for number, person in enumerate(people, start=1):
        if person.view is None:
            part_map[owner == number] = IGNORE
            continue
        x0, y0, x1, y1 = person.view.window
        own = owner[y0:y1, x0:x1] == number
        part_map[owner == number] = IGNORE  # pixels of a mask beyond the window
        part_map[y0:y1, x0:x1][own] = _parts(person, own) if corrected else person.view.parts[own]
    return settle_limbs(part_map, owner, people) if corrected else (part_map, owner)


def settle_limbs(
    part_map: np.ndarray, person_map: np.ndarray, people: Sequence[TaughtPerson]
) -> tuple[np.ndarray, np.ndarray]:
    """Gives the core of every limb between two visible joints its part, and its person where nobody else is known.

    Args:
        part_map: (H, W) uint8.
        person_map: (H, W) int32.
        people: Person p has the id p + 1.

    Returns:
        New maps.
    """
    part_map, person_map = part_map.copy(), person_map.copy()
    limb_part = np.zeros(part_map.shape, np.uint8)
    limb_owner = np.zeros(part_map.shape, np.int32)
    for number, person in enumerate(people, start=1):
        for joints, part in LIMB_PARTS.items():
            first, second = person.joints[list(joints)]
            if first[2] == 2 and second[2] == 2:
                core = _limb_core(first[:2], second[:2], CORE * person.size, part_map.shape)
                clash = core & (limb_owner != 0) & (limb_owner != number)
                limb_part[core], limb_owner[core] = part, number
                limb_owner[clash] = IGNORE
    for number, person in enumerate(people, start=1):
        core = limb_owner == number
        if person.mask is None:
            free = core & ((person_map == 0) | (person_map == IGNORE))
            person_map[free] = number
        own = core & (person_map == number)
        part_map[own] = limb_part[own]
    return part_map, person_map


def _limb_core(first: np.ndarray, second: np.ndarray, half_width: float, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool; pixels within ``half_width`` of the span of a limb, at least one pixel wide."""
    start, end = (first + share * (second - first) for share in CORE_SPAN)
    core = np.zeros(shape, np.uint8)
    thickness = max(1, round(2 * half_width))
    # OpenCV refuses coordinates of more than 31 bits
    first, second = (np.rint(np.clip(point, -30000, 30000)).astype(int).tolist() for point in (start, end))
    cv2.line(core, tuple(first), tuple(second), 1, thickness)
    return core.astype(bool)


def _owners(people: Sequence[TaughtPerson], crowd: np.ndarray) -> np.ndarray:
    """(H, W) int32 person ids."""
    nearest = np.full(crowd.shape, np.inf, np.float32)
    second = np.full(crowd.shape, np.inf, np.float32)
    owner = np.zeros(crowd.shape, np.int32)
    doubtful = crowd.copy()
    for number, person in enumerate(people, start=1):
        if person.mask is not None:
            continue
        rows, columns = _box_slices(person, crowd.shape)
        if person.view is None or not (person.joints[:, 2] > 0).any():
            doubtful[rows, columns] = True
            continue
        x0, y0, x1, y1 = person.view.window
        inside = np.zeros(crowd.shape, bool)
        inside[rows, columns] = True
        inside = inside[y0:y1, x0:x1]
        doubtful[y0:y1, x0:x1] |= inside & (person.view.person > MAYBE)
        distance = _distance_to_joints(person)
        candidate = inside & (person.view.person > SURE) & (distance < FAR)
        distance = np.where(candidate, distance, np.inf)
        window = np.s_[y0:y1, x0:x1]
        closer = distance < nearest[window]
        second[window] = np.where(closer, nearest[window], np.minimum(second[window], distance))
        nearest[window] = np.where(closer, distance, nearest[window])
        owner[window][closer] = number
    owner[(nearest > CONTESTED * second) & (owner > 0)] = 0
    owner[(owner == 0) & doubtful] = IGNORE
    # masks that people drew come last, the smaller on top: who stands behind is outlined generously
    masked = [(number, person.mask) for number, person in enumerate(people, start=1) if person.mask is not None]
    for number, mask in sorted(masked, key=lambda pair: -np.count_nonzero(pair[1])):
        owner[mask] = number
    return owner


def _box_slices(person: TaughtPerson, shape: tuple[int, int]) -> tuple[slice, slice]:
    margin = BOX_MARGIN * (person.box[2:] - person.box[:2])
    low, high = np.floor(person.box[:2] - margin).astype(int), np.ceil(person.box[2:] + margin).astype(int)
    low, high = low.clip(0), np.minimum(high.clip(0), (shape[1], shape[0]))
    return slice(low[1], high[1]), slice(low[0], high[0])


def _distance_to_joints(person: TaughtPerson) -> np.ndarray:
    """(h, w) float32; mean distance from where a pixel expects its person's joints to where they are, in box sizes."""
    assert person.view is not None
    labelled = person.joints[:, 2] > 0
    aim = person.joints[labelled, None, None, :2]  # (J, 1, 1, 2)
    distance = np.linalg.norm(person.view.landing[labelled] - aim, axis=-1)  # (J, h, w)
    # the nearest half of the joints: far ones are guessed badly, by the teacher and by annotators of hidden ones
    kept = max(1, (len(distance) + 1) // 2)
    return (np.partition(distance, kept - 1, axis=0)[:kept].mean(0) / person.size).astype(np.float32)


def _parts(person: TaughtPerson, own: np.ndarray) -> np.ndarray:
    """(N,) uint8; the part of each of a person's own pixels (h, w) of its window."""
    assert person.view is not None
    parts, certainty = person.view.parts[own].copy(), person.view.certainty[own]
    body = body_segments(person.joints)
    uncertain = certainty < UNCERTAIN
    if not body.segments:
        parts[uncertain] = IGNORE
        return parts
    rows, columns = np.nonzero(own)
    points = np.stack([columns + person.view.window[0], rows + person.view.window[1]], axis=1)  # (N, 2)
    distances = segment_distances(points, body, len(_PARTS)) / person.size  # (N, 15)
    pixel = np.arange(len(points))
    parts[uncertain] = distances[uncertain].argmin(1)
    other = _OTHER_SIDE[parts]
    own_side, other_side = distances[pixel, parts], distances[pixel, other]
    # a side without labelled joints may be there all the same: the other must then be at hand
    wrong_side = (other_side + SIDE_MARGIN < own_side) & (np.isfinite(own_side) | (other_side < SIDE_NEAR))
    parts[wrong_side] = other[wrong_side]
    for chain in _CHAINS:
        of_chain = np.isin(parts, chain)
        own_distances = distances[of_chain][:, list(chain)]  # (M, 3)
        best = own_distances.argmin(1)
        far = own_distances.min(1) + PIECE_MARGIN < distances[of_chain, parts[of_chain]]
        parts[np.flatnonzero(of_chain)[far]] = np.array(chain)[best[far]]
    return parts.astype(np.uint8)
