"""JudgedPhoto: a photo and what was found in it, without maps, so that many can be kept until all are scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from scipy.optimize import linear_sum_assignment

from mmhparse.structures import COCO_17

from .annotated_photos import AnnotatedPerson, AnnotatedPhoto, ParsedPhoto
from .part_points import part_points

_SIGMAS = np.array(COCO_17.sigmas)  # (17,)


@dataclass(frozen=True, eq=False)
class JudgedPhoto:
    """One photo, and of P people that were found in it what scores need: some kB in place of two maps.

    Attributes:
        photo: The truth.
        keypoints: (P, 17, 2) float; x, y in pixels of the photo.
        scores: (P,) float.
        masks: Run lengths of the pixels of each of the P people, as pycocotools encodes them; None of those without.
        points: (N, 3) int; of each point of :func:`part_points` its label, the label found there, and whether the
            person that was matched to the point's own has the pixel.
    """

    photo: AnnotatedPhoto
    keypoints: np.ndarray
    scores: np.ndarray
    masks: tuple[Any, ...]
    points: np.ndarray


def judge_photo(photo: AnnotatedPhoto, parsed: ParsedPhoto) -> JudgedPhoto:
    """What the scores say of one photo.

    People and predictions are matched one to one so that the sum of their similarities is greatest: IoU with the mask,
    or OKS where there is no mask. Crowds have no points.

    Args:
        photo: The truth.
        parsed: What was found.

    Raises:
        ValueError: If the prediction has another size than the photo.
    """
    if parsed.part_map.shape != photo.size:
        raise ValueError(
            f"the prediction of '{photo.path.name}' is {parsed.part_map.shape}, but its annotations say {photo.size} "
            '(height, width).'
        )
    masks = [parsed.mask(index) for index in range(len(parsed.scores))]
    people = [person for person in photo.people if not person.is_crowd]
    partner = _partners(people, masks, parsed.keypoints)
    points = []
    for number, person in enumerate(people):
        for point in part_points(photo, person):
            owner = parsed.person_map[point.y, point.x] - 1
            points.append((point.label, parsed.part_map[point.y, point.x], owner == partner.get(number)))
    return JudgedPhoto(
        photo,
        parsed.keypoints,
        parsed.scores,
        tuple(run_lengths(mask) if mask.any() else None for mask in masks),
        np.array(points, int).reshape(-1, 3),
    )


def run_lengths(mask: np.ndarray) -> Any:
    """A mask (H, W) as pycocotools encodes it."""
    return coco_mask.encode(np.asfortranarray(mask, np.uint8))


def _partners(people: Sequence[AnnotatedPerson], masks: Sequence[np.ndarray], keypoints: np.ndarray) -> dict[int, int]:
    """Row of the predicted person, of masks (H, W) and keypoints (P, 17, 2), for each person that has one."""
    similarity = np.zeros((len(people), len(masks)))  # (people, P)
    for row, person in enumerate(people):
        for column, mask in enumerate(masks):
            similarity[row, column] = _similarity(person, mask, keypoints[column])
    pairs = zip(*linear_sum_assignment(similarity, maximize=True), strict=True)
    return {int(row): int(column) for row, column in pairs if similarity[row, column] > 0}


def _similarity(person: AnnotatedPerson, mask: np.ndarray, keypoints: np.ndarray) -> float:
    """IoU with the mask (H, W); without a mask the OKS of keypoints (17, 2), 0 without joints."""
    if person.mask is not None:
        return float((person.mask & mask).sum() / max(1, (person.mask | mask).sum()))
    labelled = person.labelled
    if not labelled.any():
        return 0.0
    squares = ((keypoints - person.joints[:, :2]) ** 2).sum(1)  # (17,)
    # COCO's OKS: exp(-d^2 / (2 (2 sigma)^2 area))
    similarity = np.exp(-squares / (8 * _SIGMAS**2 * max(person.area, 1.0)))
    return float(similarity[labelled].mean())
