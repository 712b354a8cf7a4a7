"""Regions that land far from everybody's joints -> people without joints.

A person whose joints were not found still has pixels, and the nearest joint is that of somebody else, however far away.
The projection field tells: where such pixels land, there is no joint.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch

from mmhparse.structures import People, make_people

from .headless_pieces import headless_pieces
from .person_grid import PersonGrid

_LEAST_CELLS = 8
"""Smaller regions stay with the nearest person: most are the rim of somebody whose pixels land a bit too far."""
_LEAST_SIZE = 10.0
"""Size in pixels of a person whose joints are all in one place."""
_LIMB_WIDTH = 0.15
"""What a straight limb, which has no extent across, is as wide as, as a share of its length."""


def unfound_people(
    people: People, persons: PersonGrid, reach: float, score: float, head_labels: Sequence[int] = ()
) -> tuple[People, PersonGrid]:
    """A person without joints for each region that lands beyond the reach of everybody.

    Args:
        people: P people in pixels of the network input, with their joints.
        persons: Whose the cells are, among the P people.
        reach: How far from the nearest joint of its person a cell may land, in sizes of that person; see
            :func:`person_sizes`.
        score: Person score of the people who are added.
        head_labels: Part classes of the head. If there are any, a region without a head that touches a person with one
            stays with the nearest person; see :func:`headless_pieces`.

    Returns:
        R people with ids from P + 1, whose ``bboxes`` are those of their cells, and whose the cells are now.
    """
    allowed = np.concatenate([[0.0], reach * person_sizes(people)])  # (P + 1,)
    beyond = (persons.part > 0) & (persons.distance > allowed[persons.person])  # (h, w)
    regions, boxes = _regions(beyond)
    if len(head_labels):
        owner = _with_regions(persons.person, regions, len(people))
        pieces = headless_pieces(replace(persons, person=owner), head_labels, len(people) + len(boxes))
        kept = ~pieces[len(people) :]  # (R,)
        regions, boxes = np.concatenate([[0], kept * kept.cumsum()])[regions], boxes[kept]
    person = _with_regions(persons.person, regions, len(people))
    count, joints = len(boxes), people.keypoints.shape[1]
    no_joints, not_found = people.keypoints.new_zeros(count, joints, 2), people.keypoints.new_zeros(count, joints)
    added = make_people(no_joints, not_found, people.scores.new_full((count,), score))
    added.bboxes = torch.from_numpy(boxes * persons.stride).float()
    added.bboxes[:, 2:] -= 1  # to the last pixel of the last cell
    return added, replace(persons, person=person)


def _with_regions(person: np.ndarray, regions: np.ndarray, num_people: int) -> np.ndarray:
    """(h, w) int32; persons of the cells, where region r, from 1, is person P + r."""
    return np.where(regions > 0, regions + num_people, person).astype(np.int32)


def person_sizes(people: People) -> np.ndarray:
    """(P,) float; square root of the area of the box around each person's found joints, in pixels.

    The box is widened in both directions by a share of its longer side, so that a person who stands upright, and whose
    joints lie on one line, has a size.
    """
    extent = (people.bboxes[:, 2:] - people.bboxes[:, :2]).numpy()  # (P, 2)
    widened = extent + _LIMB_WIDTH * extent.max(1, initial=0, keepdims=True)
    return np.sqrt(widened.prod(1)).clip(_LEAST_SIZE)


def _regions(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The connected regions of a mask (h, w) that are large enough.

    Returns:
        (h, w) number of each cell's region, from 1, or 0; and (R, 4) boxes x1, y1, x2, y2 in cells, ends exclusive.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= _LEAST_CELLS
    large[0] = False  # all that is no region
    number = large * large.cumsum()  # of each region; 0 if it is too small
    left, top, width, height, _ = stats[large].T
    return number[labels.astype(np.intp)], np.stack([left, top, left + width, top + height], axis=1)
