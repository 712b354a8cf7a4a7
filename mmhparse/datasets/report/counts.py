"""Counts of a data set's people, parts and joints, image by image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from mmhparse.structures import IGNORE, ParseAnnotation


@dataclass(frozen=True, eq=False)
class DatasetCounts:
    """Counts over images; sums of counts are counts of all their images.

    Attributes:
        images: Number of images.
        people: People with an id, whether their parts are known, their joints or both.
        parsed: People with at least one pixel of a known part.
        people_per_image: Images by their number of people of whom parts are known.
        parts: (C,) int64; people who have pixels of each part class, class 0 always 0.
        pixels: (C,) int64; pixels of each part class.
        ignored_pixels: Pixels that are 255 in the part map.
        visible, hidden: (K,) int64; labelled joints of each type.
    """

    images: int
    people: int
    parsed: int
    parts: np.ndarray
    pixels: np.ndarray
    ignored_pixels: int
    visible: np.ndarray
    hidden: np.ndarray
    people_per_image: Counter[int] = field(default_factory=Counter)

    @classmethod
    def zero(cls, parts: int, joints: int) -> DatasetCounts:
        """The counts of no image, with ``parts`` classes and ``joints`` joint types."""
        no_parts, no_joints = np.zeros(parts, np.int64), np.zeros(joints, np.int64)
        return cls(0, 0, 0, no_parts, no_parts, 0, no_joints, no_joints)

    @classmethod
    def of(cls, annotation: ParseAnnotation, parts: int) -> DatasetCounts:
        """The counts of one image, with ``parts`` classes."""
        part_map, person_map = annotation.part_map.astype(np.int64).ravel(), annotation.person_map.ravel()  # (H * W,)
        people = len(annotation)
        # One bin for each pair of person and part, 256 * person + part: part 7 of person 2 is bin 519. Pixels that are
        # nobody's or ignored count as person 0.
        owner = np.where(person_map == IGNORE, 0, person_map)
        table = np.bincount(owner * (IGNORE + 1) + part_map, minlength=(people + 1) * (IGNORE + 1))
        table = table.reshape(people + 1, IGNORE + 1)  # (1 + P, 256)
        has_part = table[1:, 1:parts] > 0  # (P, C - 1)
        parsed = int(has_part.any(axis=1).sum())
        visibility = annotation.joints[..., 2]
        return cls(
            images=1,
            people=people,
            parsed=parsed,
            parts=np.concatenate([[0], has_part.sum(axis=0)]),
            pixels=table.sum(axis=0)[:parts],
            ignored_pixels=int(table[:, IGNORE].sum()),
            visible=(visibility == 2).sum(axis=0),
            hidden=(visibility == 1).sum(axis=0),
            people_per_image=Counter({parsed: 1}),
        )

    def __add__(self, other: DatasetCounts) -> DatasetCounts:
        return DatasetCounts(**{name: value + getattr(other, name) for name, value in vars(self).items()})
