"""PeopleMaps: which pixel is which part of which person, as plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE


@dataclass(frozen=True, eq=False, init=False)
class PeopleMaps:
    """Part labels and person ids of one image's pixels.

    In the truth, 255 means ignore, so that it can have 254 people at most. A pixel with person id p and label 255 is
    left out of every comparison with person p, and is background to the others; person id 255, or label 255 of nobody,
    leaves the pixel out of all comparisons.

    Attributes:
        part_map: (layers, H, W) integers; part class, 0 = background. People who overlap lie in different layers.
        person_map: (layers, H, W) integers; 1 ... P, 0 = nobody.
        num_people: P. People without any pixel count too.
    """

    part_map: np.ndarray
    person_map: np.ndarray
    num_people: int

    def __init__(self, part_map: np.ndarray, person_map: np.ndarray, num_people: int | None = None):
        """Checks the maps and adds the axis of layers where there is none.

        Args:
            part_map: (H, W) or (layers, H, W) integers.
            person_map: Integers of the same shape.
            num_people: P; by default the highest id in the map. Where ids have gaps, lower ids that do not occur are
                people without pixels; :meth:`from_ids` takes the ids that occur alone.

        Raises:
            ValueError: If the shapes disagree, values are not integers or negative, or an id exceeds ``num_people``.
        """
        part_map, person_map = np.asarray(part_map), np.asarray(person_map)
        if part_map.shape != person_map.shape or part_map.ndim not in (2, 3) or part_map.shape[:-2] == (0,):
            raise ValueError(
                f'part_map and person_map must have one shape, (H, W) or (layers, H, W), got {part_map.shape} and '
                f'{person_map.shape}.'
            )
        for name, array in (('part_map', part_map), ('person_map', person_map)):
            if array.dtype.kind not in 'iub':
                raise ValueError(f'{name} must hold integers, got {array.dtype}.')
            if array.dtype.kind == 'i' and array.size and array.min() < 0:
                raise ValueError(f'{name} must not be negative, got {array.min()}.')
        highest = _highest_id(person_map)
        if num_people is not None and highest > num_people:
            raise ValueError(f'person_map has id {highest}, but there are only {num_people} people.')
        if part_map.ndim == 2:
            part_map, person_map = part_map[None], person_map[None]  # (1, H, W)
        object.__setattr__(self, 'part_map', part_map)
        object.__setattr__(self, 'person_map', person_map)
        object.__setattr__(self, 'num_people', highest if num_people is None else int(num_people))

    @classmethod
    def from_label_maps(cls, label_maps: np.ndarray) -> 'PeopleMaps':
        """From one whole-image label map for each person; people may overlap.

        Args:
            label_maps: (P, H, W) integers; part class where the person is, 0 elsewhere.
        """
        label_maps = np.asarray(label_maps)
        if label_maps.ndim != 3:
            raise ValueError(f'label_maps must be (P, H, W), one map a person, got {label_maps.shape}.')
        parts = [np.zeros(label_maps.shape[1:], label_maps.dtype)]
        persons = [np.zeros(label_maps.shape[1:], np.int32)]
        for person, labels in enumerate(label_maps, start=1):
            mask = labels != 0  # (H, W)
            layer = next((n for n, taken in enumerate(persons) if not taken[mask].any()), len(persons))
            if layer == len(persons):
                parts.append(np.zeros_like(parts[0]))
                persons.append(np.zeros_like(persons[0]))
            parts[layer][mask] = labels[mask]
            persons[layer][mask] = person
        return cls(np.stack(parts), np.stack(persons), len(label_maps))  # (layers, H, W) each

    @classmethod
    def from_ids(cls, part_map: np.ndarray, person_map: np.ndarray, ids: Sequence[int]) -> 'PeopleMaps':
        """From a map whose person ids have gaps or another order: person p is the one with id ``ids[p - 1]``.

        Example:
            With ids [1, 3] of a map that holds 0, 1, 3 and 255, the people are 1 and 2; nobody stands for id 2.

        Args:
            part_map: (H, W) or (layers, H, W) integers.
            person_map: Integers of the same shape. Ids that are not among ``ids`` become nobody, except 255 (ignore).
            ids: P different ids, in the order of the people.
        """
        people = cls(part_map, person_map)
        highest = max(int(people.person_map.max(initial=0)), *ids, IGNORE)
        number = np.zeros(highest + 1, np.int32)  # (highest + 1,); new id of each old one
        number[IGNORE] = IGNORE
        number[list(ids)] = np.arange(1, len(ids) + 1)
        return cls(people.part_map, number[people.person_map], len(ids))

    @property
    def size(self) -> tuple[int, int]:
        """(W, H)."""
        return self.part_map.shape[2], self.part_map.shape[1]

    def flattened(self) -> tuple[np.ndarray, np.ndarray]:
        """Part and person map (H, W) of all layers; later layers cover earlier ones."""
        part_map, person_map = self.part_map[0], self.person_map[0]
        for parts, persons in zip(self.part_map[1:], self.person_map[1:], strict=True):
            part_map, person_map = np.where(persons > 0, parts, part_map), np.where(persons > 0, persons, person_map)
        return part_map, person_map

    def without_shared_ignore(self) -> 'PeopleMaps':
        """The same with background where pixels are ignored for everybody: person id 255, or label 255 of nobody."""
        shared = self.shared_ignore()
        return PeopleMaps(np.where(shared, 0, self.part_map), np.where(shared, 0, self.person_map), self.num_people)

    def shared_ignore(self) -> np.ndarray:
        """(layers, H, W) bool; where a layer has pixels that are ignored for everybody."""
        return (self.person_map == IGNORE) | ((self.part_map == IGNORE) & (self.person_map == 0))

    def seen(self) -> np.ndarray:
        """(P,) bool; the people whose id occurs in the map, be it only on background."""
        return np.isin(np.arange(1, self.num_people + 1), self.person_map)


def _highest_id(person_map: np.ndarray) -> int:
    """The highest person id other than 255."""
    highest = int(person_map.max(initial=0))
    return int(person_map.max(initial=0, where=person_map != IGNORE)) if highest == IGNORE else highest
