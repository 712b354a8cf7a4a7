"""People and dense fields -> which pixel is which part, and of which person."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields, Parsing

from .part_grid import PartGrid
from .person_grid import PersonGrid

_BAND = 1 << 20
"""Pixels handled at once, so that what a large photo needs beside its maps does not fill the memory."""


def people_to_parsing(
    fields: ParseFields, people: InstanceData, geometry: ImageGeometry, *, within_boxes: bool = False
) -> Parsing:
    """Parsing maps of one image at its original size.

    The part of a pixel is the likeliest by its bilinear logits (:class:`PartGrid`), its person that of the cell it
    goes with (:class:`PersonGrid`). All of it happens in pixels of the network input, which the original pixels are
    mapped to, so that vectors need no rescaling. Time and memory grow linearly with pixels, and hardly with people.

    Args:
        fields: Fields of one image, with a batch of 1.
        people: Its people, in pixels of the network input.
        geometry: Relates the original image to the network input.
        within_boxes: Whether people get only cells inside their ``bboxes``; who has no joint then stands at the centre
            of the box.
    """
    parts = PartGrid.of(fields.part_logits[0], fields.part_stride)
    persons = PersonGrid.of(fields, parts, people, within_boxes)
    xs, ys = geometry.pixels_in_input()
    part_map = np.empty((len(ys), len(xs)), np.uint8)
    person_map = np.empty(part_map.shape, np.int32)
    table = _Table(len(people), len(parts.logits))
    step = max(1, _BAND // len(xs))
    for start in range(0, len(ys), step):
        rows = slice(start, start + step)
        part_map[rows], certainty = parts.read(xs, ys[rows])
        person_map[rows] = persons.read(xs, ys[rows], part_map[rows])
        table.count(part_map[rows], person_map[rows], certainty)
    return Parsing(torch.from_numpy(part_map), torch.from_numpy(person_map), table.parts(people))


def person_certainty(parts: InstanceData, num_people: int) -> Tensor:
    """(P,) in [0, 1]; mean probability of a person's parts, 1 for people without any.

    Who is parsed with more certainty is more likely parsed rightly: people are ranked by it beside their joints.
    """
    rows = parts.persons - 1
    count = torch.zeros(num_people).index_add_(0, rows, torch.ones(len(rows)))
    total = torch.zeros(num_people).index_add_(0, rows, parts.probabilities)
    return torch.where(count > 0, total / count.clamp(min=1), 1.0)


class _Table:
    """Pixels and probabilities of each part of each person, summed band by band.

    Args:
        people, classes: P and C.
    """

    def __init__(self, people: int, classes: int):
        self.shape = people + 1, classes
        self.areas = np.zeros(self.shape, np.int64)
        self.certainty = np.zeros(self.shape)

    def count(self, part_map: np.ndarray, person_map: np.ndarray, certainty: np.ndarray) -> None:
        """Adds the pixels of a band; all three (rows, W)."""
        own = np.flatnonzero(person_map)
        key = person_map.reshape(-1)[own] * self.shape[1] + part_map.reshape(-1)[own]
        size = self.areas.size
        self.areas += np.bincount(key, minlength=size).reshape(self.shape)
        self.certainty += np.bincount(key, certainty.reshape(-1)[own], minlength=size).reshape(self.shape)

    def parts(self, people: InstanceData) -> InstanceData:
        """One row for each part of each person that has pixels, as of :class:`mmhparse.structures.Parsing`.

        The score of a row is the cube root of its mean part probability, its person's mean joint score (the person's
        score where no joint was found) and its person's score.

        Args:
            people: Row p is the person with id p + 1.
        """
        persons, labels = (torch.from_numpy(index) for index in np.nonzero(self.areas))
        areas = torch.from_numpy(self.areas)[persons, labels]
        probability = (torch.from_numpy(self.certainty)[persons, labels] / areas).float()
        found = people.keypoint_scores > 0
        joint_score = people.keypoint_scores.sum(1) / found.sum(1).clamp(min=1)
        joint_score = torch.where(found.any(1), joint_score, people.scores)
        scores = (probability * (joint_score * people.scores)[persons - 1]).clamp(0, 1).pow(1 / 3)
        return InstanceData(labels=labels, persons=persons, scores=scores, areas=areas, probabilities=probability)
