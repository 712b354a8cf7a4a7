"""Where cells land -> the person of the nearest joint, on any device, without a table of all cells and joints."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmhparse.structures import People

_PAIRS_AT_ONCE = 1 << 22
"""Distances that are computed at once: 16 MB."""
_FARTHEST = 1e9
"""Coordinates are limited to this many pixels: squared distances in float32 end at the square of 1.8e19."""


@dataclass(frozen=True, eq=False)
class Landing:
    """Where cells land, on one device.

    Attributes:
        points: (S, 2) float32; where each cell lands, in pixels of the network input.
        centres: (S, 2) float32; the cells' centres.
    """

    points: Tensor
    centres: Tensor


def nearest_person(landing: Landing, people: People, within_boxes: bool = False) -> tuple[Tensor, Tensor]:
    """(S,) int32 id of the person whose found joint is nearest to where each cell lands, and (S,) float32 distance.

    Without joints the ids are 0 and the distances infinite. Of joints at one distance, the first person's counts. Time
    grows with cells times joints; memory with their sum, with some 50 MB for the distances that are computed at once.

    Args:
        landing: Of S cells.
        people: Their found joints, on the CPU.
        within_boxes: As of :meth:`mmhparse.codecs.person_grid.PersonGrid.of`.
    """
    device, count = landing.points.device, len(landing.points)
    places, owner = _places(people, within_boxes)  # (J, 2) and (J,), persons ascending
    person = torch.zeros(count, dtype=torch.int32, device=device)
    distance = torch.full((count,), torch.inf, device=device)
    if not len(owner):
        return person, distance
    places, ids = places.clamp(-_FARTHEST, _FARTHEST).to(device), (owner + 1).int().to(device)
    boxes = people.bboxes[owner].to(device) if within_boxes else None  # (J, 4)
    for some in torch.arange(count, device=device).split(max(1, _PAIRS_AT_ONCE // len(owner))):
        squared = _squared_distances(landing.points[some].clamp(-_FARTHEST, _FARTHEST), places)  # (s, J)
        if boxes is not None:
            squared.masked_fill_(~_inside(landing.centres[some], boxes), torch.inf)
        least, nearest = squared.min(1)  # (s,) each
        person[some] = torch.where(least.isfinite(), ids[nearest], 0)
        distance[some] = least.sqrt()
    return person, distance


def _places(people: People, within_boxes: bool) -> tuple[Tensor, Tensor]:
    """(J, 2) joints of all people and (J,) int64 their rows, ascending.

    Within boxes, a person without joints has the middle of its box in their place.
    """
    found = people.keypoint_scores > 0  # (P, K)
    owner, joint = torch.nonzero(found, as_tuple=True)
    places = people.keypoints[owner, joint]
    if within_boxes:
        alone = torch.nonzero(~found.any(1))[:, 0]
        middles = people.bboxes[alone].view(-1, 2, 2).mean(1)
        owner, order = torch.cat([owner, alone]).sort(stable=True)
        places = torch.cat([places, middles])[order]
    return places, owner


def _squared_distances(points: Tensor, places: Tensor) -> Tensor:
    """(S, J) between points (S, 2) and places (J, 2): by differences, since products lose the digits that decide."""
    x, y = (points[:, None, axis] - places[:, axis] for axis in (0, 1))  # (S, J) each
    return x.square_().add_(y.square_())


def _inside(points: Tensor, boxes: Tensor) -> Tensor:
    """(S, J) bool; whether points (S, 2) lie in boxes (J, 4)."""
    x, y = points[:, :1], points[:, 1:]  # (S, 1) each
    return (x >= boxes[:, 0]) & (y >= boxes[:, 1]) & (x <= boxes[:, 2]) & (y <= boxes[:, 3])
