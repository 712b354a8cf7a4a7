"""Where cells land -> the person of the nearest joint, on any device, without a table of all cells and joints."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mmhparse.structures import People

_PAIRS_AT_ONCE = 1 << 22
"""Distances that are computed at once: 16 MB."""
_FARTHEST = 1e9
"""Coordinates are limited to this many pixels: squared distances in float32 end at the square of 1.8e19."""


@dataclass(frozen=True, eq=False)
class Landing:
    """Where cells of B images land, on one device.

    Attributes:
        image: (S,) int64; the image of each cell.
        points: (S, 2) float32; where it lands, in pixels of the network input.
        centres: (S, 2) float32; its centre.
    """

    image: Tensor
    points: Tensor
    centres: Tensor


@dataclass(frozen=True, eq=False)
class _Places:
    """Up to J joints of the people of B images, persons ascending.

    Attributes:
        xy: (B, J, 2) float32; infinite where an image has fewer.
        person: (B, J) int32; id of the person of each.
        box: (B, J, 4) float32; its box, or None if no image has boxes. Infinite in images without.
    """

    xy: Tensor
    person: Tensor
    box: Tensor | None


def nearest_person(landing: Landing, people: Sequence[People], within_boxes: Sequence[bool]) -> tuple[Tensor, Tensor]:
    """(S,) int32 id of the person whose found joint is nearest to where each cell lands, and (S,) float32 distance.

    Without joints the ids are 0 and the distances infinite. Of joints at one distance, the first person's counts. Time
    grows with cells times the most joints of an image; memory with their sum, and the distances that are computed at
    once take some 50 MB, or 100 MB within boxes.

    Args:
        landing: Of S cells.
        people: Their found joints in each image, on the CPU.
        within_boxes: Of each image, as of :meth:`mmhparse.codecs.person_grid.PersonGrid.of`.
    """
    device, count = landing.points.device, len(landing.points)
    person = torch.zeros(count, dtype=torch.int32, device=device)
    distance = torch.full((count,), torch.inf, device=device)
    places = _places(people, within_boxes, device)
    joints = places.person.shape[1]
    if not joints:
        return person, distance
    for some in torch.arange(count, device=device).split(max(1, _PAIRS_AT_ONCE // joints)):
        image = landing.image[some]  # (s,)
        squared = _squared_distances(landing.points[some].clamp(-_FARTHEST, _FARTHEST), places.xy, image)  # (s, J)
        if places.box is not None:
            squared.masked_fill_(~_inside(landing.centres[some], places.box, image), torch.inf)
        least, nearest = squared.min(1)  # (s,) each
        person[some] = torch.where(least.isfinite(), places.person[image, nearest], 0)
        distance[some] = least.sqrt()
    return person, distance


def _places(people: Sequence[People], within_boxes: Sequence[bool], device: torch.device) -> _Places:
    """The joints of all people, on a device."""
    found = [_joints(own, boxed) for own, boxed in zip(people, within_boxes, strict=True)]
    xy = pad_sequence([xy.clamp(-_FARTHEST, _FARTHEST) for xy, _ in found], True, torch.inf)  # (B, J, 2)
    person = pad_sequence([(owner + 1).int() for _, owner in found], True)  # (B, J)
    if not any(within_boxes):
        return _Places(xy.to(device), person.to(device), None)
    everywhere = torch.tensor([-torch.inf, -torch.inf, torch.inf, torch.inf])
    boxes = [
        own.bboxes[owner] if boxed else everywhere.expand(len(owner), 4)
        for own, boxed, (_, owner) in zip(people, within_boxes, found, strict=True)
    ]
    return _Places(xy.to(device), person.to(device), pad_sequence(boxes, True).to(device))


def _joints(people: People, within_boxes: bool) -> tuple[Tensor, Tensor]:
    """(J, 2) joints of the people of one image and (J,) int64 their rows, ascending.

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


def _squared_distances(points: Tensor, places: Tensor, image: Tensor) -> Tensor:
    """(S, J) between points (S, 2) and the places (B, J, 2) of the image (S,) of each.

    By differences, since products lose the digits that decide.
    """
    x, y = (places[..., axis][image].sub_(points[:, axis, None]).square_() for axis in (0, 1))  # (S, J) each
    return x.add_(y)


def _inside(points: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """(S, J) bool; whether points (S, 2) lie in the boxes (B, J, 4) of the image (S,) of each."""
    x, y = points[:, :1], points[:, 1:]  # (S, 1) each
    left, top, right, bottom = (boxes[..., side][image] for side in range(4))  # (S, J) each
    return (x >= left) & (y >= top) & (x <= right) & (y <= bottom)
