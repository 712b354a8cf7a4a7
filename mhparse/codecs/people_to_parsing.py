"""People and dense fields -> which pixel is which part, and of which person."""

from dataclasses import dataclass

import numpy as np
import torch
from mmengine.structures import InstanceData
from scipy.spatial import cKDTree
from torch import Tensor

from mhparse.structures import ImageFrame, ParseFields, Parsing

from .sampling import sample_grid

_BAND = 1 << 19
"""Pixels handled at once, so that the probabilities of a large photo do not fill the memory."""


def people_to_parsing(fields: ParseFields, people: InstanceData, frame: ImageFrame) -> Parsing:
    """Parsing maps of one image at its original size.

    Each pixel u of a part lands at u + D(u), D the dense-to-sparse projection field, and goes to the person of the
    nearest found joint. All of it happens in pixels of the network input, which the original pixels are mapped to, so
    that vectors need no rescaling.

    Args:
        fields: Fields of one image, with a batch of 1.
        people: Its people, in pixels of the network input.
        frame: Relates the original image to the network input.
    """
    xs, ys = (torch.from_numpy(axis) for axis in frame.pixels_in_input())
    joints = _FoundJoints.of(people)
    bands = [
        _parse_band(fields, joints, xs, rows) for rows in ys.split(max(1, _BAND // len(xs)))
    ]
    part_map, certainty, person_map = (torch.cat(column) for column in zip(*bands, strict=True))
    return Parsing(
        part_map=part_map.to(torch.uint8),
        person_map=person_map.to(torch.int32),
        parts=part_table(part_map, person_map, certainty, people),
    )


def part_table(part_map: Tensor, person_map: Tensor, certainty: Tensor, people: InstanceData) -> InstanceData:
    """One row for each part of each person that has pixels.

    The score of a row is the cube root of its mean part probability, its person's mean joint score and its person's
    score.

    Args:
        part_map, person_map: (H, W) integers.
        certainty: (H, W) in [0, 1]; probability of each pixel's part.
        people: Row p is the person with id p + 1.

    Returns:
        The ``parts`` of :class:`mhparse.structures.Parsing`.
    """
    own = (person_map > 0) & (part_map > 0)
    key = person_map[own].long() * 256 + part_map[own].long()
    rows, index, areas = key.unique(return_inverse=True, return_counts=True)
    probability = torch.zeros(len(rows)).index_add_(0, index, certainty[own].float()) / areas
    persons, labels = rows // 256, rows % 256
    found = people.keypoint_scores > 0
    joint_score = people.keypoint_scores.sum(1) / found.sum(1).clamp(min=1)
    scores = (probability * (joint_score * people.scores)[persons - 1]).clamp(0, 1).pow(1 / 3)
    return InstanceData(labels=labels, persons=persons, scores=scores, areas=areas)


@dataclass(frozen=True)
class _FoundJoints:
    """All found joints of all people, ready to be searched."""

    tree: cKDTree | None
    person: np.ndarray

    @classmethod
    def of(cls, people: InstanceData) -> '_FoundJoints':
        person, joint = np.nonzero(people.keypoint_scores.numpy() > 0)
        places = people.keypoints.numpy()[person, joint]
        return cls(cKDTree(places) if len(places) else None, person + 1)

    def owner(self, points: np.ndarray) -> np.ndarray:
        """(S,) person id of the joint nearest to each of the points (S, 2); 0 if there are no joints."""
        if self.tree is None:
            return np.zeros(len(points), np.int64)
        return self.person[self.tree.query(points)[1]]


def _parse_band(
    fields: ParseFields, joints: _FoundJoints, xs: Tensor, ys: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Part, its probability and the person of each pixel of the rows ``ys``; all (rows, W)."""
    sampled = sample_grid(fields.part_logits[0].float(), xs, ys, fields.part_stride)
    best, part = sampled.max(0)
    certainty = (best - sampled.logsumexp(0)).exp()

    rows, columns = torch.nonzero(part > 0, as_tuple=True)
    vectors = sample_grid(fields.projection[0][0].float(), xs, ys, fields.stride)[:, rows, columns]
    landing = torch.stack([xs[columns], ys[rows]]) + vectors
    person = torch.zeros_like(part)
    person[rows, columns] = torch.from_numpy(joints.owner(landing.T.numpy()))
    return part, certainty, person
