"""Joints of people with parts alone: the centres of these parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects

from mmhparse.structures import CIHP_19, CIHP_CENTRES_9, PartSet, Skeleton


@dataclass(frozen=True)
class PartCentres:
    """The parts of which each joint of a skeleton is the centre.

    Args:
        skeleton: K joints.
        part_set: C classes.
        parts: Names of the parts of each joint, by the joint's name. A part may be left out, but not used twice.

    Raises:
        ValueError: If a name is not of the skeleton or part set, or a joint has no part.
    """

    skeleton: Skeleton
    part_set: PartSet
    parts: Mapping[str, Sequence[str]]

    def __post_init__(self):
        if set(self.parts) != set(self.skeleton.joints):
            raise ValueError(
                f"the joints of skeleton '{self.skeleton.name}' are {list(self.skeleton.joints)}, but parts are given "
                f'for {list(self.parts)}.'
            )
        named = [part for parts in self.parts.values() for part in parts]
        unknown = sorted(set(named) - set(self.part_set.parts[1:]))
        if unknown or len(set(named)) < len(named) or not all(self.parts.values()):
            raise ValueError(
                'each joint must have at least one part and no part may be of two joints; '
                f"{unknown or list(self.parts.values())} do not fit part set '{self.part_set.name}'."
            )

    def joint_of_class(self) -> np.ndarray:
        """(256,) uint8; 1 + index of the joint that each part class belongs to, 0 without."""
        table = np.zeros(256, np.uint8)
        for number, joint in enumerate(self.skeleton.joints, start=1):
            table[[self.part_set.parts.index(part) for part in self.parts[joint]]] = number
        return table


CIHP_CENTRES = PartCentres(
    skeleton=CIHP_CENTRES_9,
    part_set=CIHP_19,
    parts={
        'head': ('hat', 'hair', 'sunglasses', 'face'),
        'torso': ('upper_clothes', 'dress', 'coat', 'torso_skin', 'scarf'),
        'lower_body': ('pants', 'skirt'),
        'left_arm': ('left_arm',),
        'right_arm': ('right_arm',),
        'left_leg': ('left_leg',),
        'right_leg': ('right_leg',),
        'left_shoe': ('left_shoe',),
        'right_shoe': ('right_shoe',),
    },
)
"""Gloves and socks are left out: with one class for both sides, their centre would be between two hands or feet."""


def joints_from_parts(
    part_map: np.ndarray, person_map: np.ndarray, num_people: int, centres: PartCentres
) -> np.ndarray:
    """The centres of each person's parts, as joints.

    A joint is the pixel of its parts nearest to their mean position, so that it is always on them; of equally near
    pixels, the first in row-major order. It is visible if the parts have pixels and unlabelled otherwise.

    Args:
        part_map: (H, W) part classes.
        person_map: (H, W) person ids.
        num_people: P.
        centres: The parts of the K joints.

    Returns:
        (P, K, 3) float32; x, y in pixels and visibility, 0 or 2.
    """
    joint_map = centres.joint_of_class()[part_map]
    types = len(centres.skeleton)
    joints = np.zeros((num_people, types, 3), np.float32)
    on_people = np.where(person_map <= num_people, person_map, 0)
    for person, place in enumerate(find_objects(on_people, max_label=num_people)[:num_people]):
        if place is None:
            continue
        labels = np.where(on_people[place] == person + 1, joint_map[place], 0)
        for joint, part in enumerate(find_objects(labels, max_label=types)):
            if part is not None:
                rows, columns = np.nonzero(labels[part] == joint + 1)
                nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
                x = columns[nearest] + part[1].start + place[1].start
                y = rows[nearest] + part[0].start + place[0].start
                joints[person, joint] = x, y, 2
    return joints
