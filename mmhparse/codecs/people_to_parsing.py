"""People and fields -> which pixel is which part, and of which person."""

import numpy as np
import torch
from torch import Tensor

from mmhparse import ops
from mmhparse.structures import ImageGeometry, ParseFields, Parsing, PartTable, People

from .part_grid import PartGrid
from .person_grid import PersonGrid

_BAND = 1 << 20
"""Pixels handled at once, so that the intermediate arrays of a large photo stay small beside its maps."""


def people_to_parsing(
    fields: ParseFields, people: People, geometry: ImageGeometry, *, within_boxes: bool = False
) -> Parsing:
    """Parsing maps of one image at its original size.

    The part of a pixel is the likeliest one by its interpolated logits (:class:`PartGrid`), its person that of the cell
    it goes with (:class:`PersonGrid`). Pixels of the original image are mapped to the network input, so that vectors
    need no rescaling. Time and memory grow linearly with pixels, and hardly with people.

    Args:
        fields: Fields of one image, with a batch of 1.
        people: Its people, in pixels of the network input.
        geometry: Relates the original image to the network input.
        within_boxes: Whether people get only cells inside their ``bboxes``. The centre of the box then stands for the
            joints of a person without any.
    """
    parts = PartGrid.of(fields.part_logits[0], fields.part_stride)
    return grids_to_parsing(parts, PersonGrid.of(fields, parts, people, within_boxes), people, geometry)


def grids_to_parsing(parts: PartGrid, persons: PersonGrid, people: People, geometry: ImageGeometry) -> Parsing:
    """As :func:`people_to_parsing`, from parts and persons that are known on their grids."""
    xs, ys = geometry.pixels_in_input()  # (W,) and (H,)
    if ops.has_parsing():
        cells = torch.from_numpy(persons.part), torch.from_numpy(persons.person)
        places = torch.from_numpy(persons.places(xs)), torch.from_numpy(persons.places(ys))
        maps = ops.read_parsing(*parts.tensors(), parts.axes(xs, ys), cells, places, len(people))
        part_map, person_map, areas, certainty = maps
        return Parsing(part_map, person_map, part_table(areas, certainty, people))
    part_map = np.empty((len(ys), len(xs)), np.uint8)
    person_map = np.empty(part_map.shape, np.int32)
    sums = _PartSums(len(people), len(parts.logits))
    step = max(1, _BAND // len(xs))
    for start in range(0, len(ys), step):
        rows = slice(start, start + step)
        part_map[rows], certainty = parts.read(xs, ys[rows])
        person_map[rows] = persons.read(xs, ys[rows], part_map[rows])
        sums.add(part_map[rows], person_map[rows], certainty)
    return Parsing(torch.from_numpy(part_map), torch.from_numpy(person_map), part_table(*sums.tensors(), people))


def person_certainty(parts: PartTable, num_people: int) -> Tensor:
    """(P,) in [0, 1]; mean probability of a person's parts, 1 for people without any.

    People whose parts are more certain are more often parsed correctly: their scores are multiplied by it.
    """
    rows = parts.persons - 1  # (Q,) rows of the people
    count = torch.bincount(rows, minlength=num_people)  # (P,)
    total = parts.probabilities.new_zeros(num_people).index_add_(0, rows, parts.probabilities)  # (P,)
    return torch.where(count > 0, total / count.clamp(min=1), 1.0)


def shown_share(parts: PartTable, num_people: int, num_parts: int) -> Tensor:
    """(P,) in [0, 1]; share of the C - 1 parts that each person shows.

    Whoever shows more of its parts is larger and less hidden, and more often found as one person.
    """
    return torch.bincount(parts.persons - 1, minlength=num_people).float() / num_parts


class _PartSums:
    """Pixels and summed probabilities of each part of each person, band by band; row 0 is nobody.

    Args:
        num_people: P.
        num_classes: C.
    """

    def __init__(self, num_people: int, num_classes: int):
        self.shape = num_people + 1, num_classes
        self.areas = np.zeros(self.shape, np.int64)  # (P + 1, C)
        self.certainty = np.zeros(self.shape)  # (P + 1, C)

    def add(self, part_map: np.ndarray, person_map: np.ndarray, certainty: np.ndarray) -> None:
        """Adds the pixels of a band; all three (rows, W)."""
        own = np.flatnonzero(person_map)  # (S,) of rows * W
        # person and part in one number: with 15 classes, part 4 of person 2 is 2 * 15 + 4 = 34
        key = person_map.reshape(-1)[own] * self.shape[1] + part_map.reshape(-1)[own]  # (S,)
        size = self.areas.size
        self.areas += np.bincount(key, minlength=size).reshape(self.shape)  # (P + 1, C)
        self.certainty += np.bincount(key, certainty.reshape(-1)[own], minlength=size).reshape(self.shape)

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Pixels and summed probabilities."""
        return torch.from_numpy(self.areas), torch.from_numpy(self.certainty)


def part_table(areas: Tensor, certainty: Tensor, people: People) -> PartTable:
    """One row for each part of each person that has pixels.

    The score of a row is the geometric mean of its mean part probability, its person's mean joint score (the person's
    score if no joint was found) and its person's score.

    Args:
        areas: (P + 1, C) int64; pixels, with those of nobody in row 0.
        certainty: (P + 1, C) float64; sum of their probabilities.
        people: Row p is the person with id p + 1.
    """
    persons, labels = areas.nonzero(as_tuple=True)  # (Q,) each
    areas = areas[persons, labels]  # (Q,)
    probability = (certainty[persons, labels] / areas).float()  # (Q,)
    found = people.keypoint_scores > 0  # (P, K)
    joint_score = people.keypoint_scores.sum(1) / found.sum(1).clamp(min=1)  # (P,)
    joint_score = torch.where(found.any(1), joint_score, people.scores)
    scores = (probability * (joint_score * people.scores)[persons - 1]).clamp(0, 1).pow(1 / 3)
    return PartTable(labels=labels, persons=persons, scores=scores, areas=areas, probabilities=probability)
