"""The decoder's grouping of pixels as it reads best: every pixel of every class computed, none skipped."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from mmengine.structures import InstanceData
from scipy.spatial import cKDTree
from torch import Tensor

from mmhparse.codecs.sampling import cell_centres, cell_pixels, sample_grid
from mmhparse.structures import ImageGeometry, ParseFields, Parsing

_BAND = 1 << 19
"""Pixels handled at once, so that the probabilities of a large photo do not fill the memory."""

_OTHER_PART = 100.0
"""Added to the squared distance, in cells, of a cell that shows another part: any cell of the same part is nearer."""


def people_to_parsing(fields: ParseFields, people: InstanceData, geometry: ImageGeometry) -> Parsing:
    """Parsing maps of one image at its original size.

    Each cell u lands at u + D(u), D the dense-to-sparse projection field, and belongs to the person of the nearest
    found joint. Each pixel of a part goes with the nearest of the nine cells round it that shows the same part, or
    with the nearest if none does: at the rim between two people, mixing their vectors would land on neither. All of
    it happens in pixels of the network input, which the original pixels are mapped to, so that vectors need no
    rescaling.

    Args:
        fields: Fields of one image, with a batch of 1.
        people: Its people, in pixels of the network input.
        geometry: Relates the original image to the network input.
    """
    cells = _Cells.of(fields, people)
    xs, ys = (torch.from_numpy(axis) for axis in geometry.pixels_in_input())
    bands = [_parse_band(fields, cells, xs, rows) for rows in ys.split(max(1, _BAND // len(xs)))]
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
        The ``parts`` of :class:`mmhparse.structures.Parsing`.
    """
    own = (person_map > 0) & (part_map > 0)
    key = person_map[own].long() * 256 + part_map[own].long()
    rows, index, areas = key.unique(return_inverse=True, return_counts=True)
    probability = torch.zeros(len(rows)).index_add_(0, index, certainty[own].float()) / areas
    persons, labels = rows // 256, rows % 256
    found = people.keypoint_scores > 0
    joint_score = people.keypoint_scores.sum(1) / found.sum(1).clamp(min=1)
    scores = (probability * (joint_score * people.scores)[persons - 1]).clamp(0, 1).pow(1 / 3)
    return InstanceData(labels=labels, persons=persons, scores=scores, areas=areas, probabilities=probability)


@dataclass(frozen=True, eq=False)
class _Cells:
    """What the cells of the finest grid show; both maps (h, w)."""

    part: Tensor
    person: Tensor
    stride: int

    @classmethod
    def of(cls, fields: ParseFields, people: InstanceData) -> '_Cells':
        field = fields.projection[0][0].float()
        height, width = field.shape[1:]
        xs, ys = (torch.from_numpy(cell_centres(length, fields.stride)) for length in (width, height))
        landing = field + torch.stack(torch.meshgrid(xs, ys, indexing='xy'))
        owner = _nearest_person(landing.flatten(1).T.numpy(), people)
        pixels = (torch.from_numpy(cell_pixels(length, fields.stride)) for length in (width, height))
        part = sample_grid(fields.part_logits[0].float(), *pixels, fields.part_stride).argmax(0)
        return cls(part, torch.from_numpy(owner).view(height, width), fields.stride)

    def person_at(self, xs: Tensor, ys: Tensor, part: Tensor) -> Tensor:
        """(S,) person id of pixels at input coordinates ``xs``, ``ys`` (S,) that show ``part`` (S,)."""
        height, width = self.part.shape
        columns, rows = (xs + 0.5) / self.stride - 0.5, (ys + 0.5) / self.stride - 0.5
        best = torch.full_like(columns, torch.inf)
        person = torch.zeros_like(part)
        for down, right in product((0, -1, 1), repeat=2):
            row = (rows.round().long() + down).clamp(0, height - 1)
            column = (columns.round().long() + right).clamp(0, width - 1)
            distance = (row - rows).square() + (column - columns).square()
            distance += _OTHER_PART * (self.part[row, column] != part)
            better = distance < best
            best = torch.where(better, distance, best)
            person = torch.where(better, self.person[row, column], person)
        return person


def _nearest_person(points: np.ndarray, people: InstanceData) -> np.ndarray:
    """(S,) id of the person whose found joint is nearest to each of the points (S, 2); 0 if there are no joints."""
    person, joint = np.nonzero(people.keypoint_scores.numpy() > 0)
    if not len(person):
        return np.zeros(len(points), np.int64)
    _, nearest = cKDTree(people.keypoints.numpy()[person, joint]).query(points)
    return person[nearest] + 1


def _parse_band(fields: ParseFields, cells: _Cells, xs: Tensor, ys: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Part, its probability and the person of each pixel of the rows ``ys``; all (rows, W)."""
    logits = sample_grid(fields.part_logits[0].float(), xs, ys, fields.part_stride)
    best, part = logits.max(0)
    certainty = (best - logits.logsumexp(0)).exp()
    rows, columns = torch.nonzero(part, as_tuple=True)
    person = torch.zeros_like(part)
    person[rows, columns] = cells.person_at(xs[columns], ys[rows], part[rows, columns])
    return part, certainty, person
