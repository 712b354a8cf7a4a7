"""Records of one image from files: the truth, and the prediction of some method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmhparse.evaluation.functional import LOWEST_SCORE, PeopleMaps, merge_runs


@dataclass(frozen=True, eq=False)
class TrueImage:
    """The truth of one image.

    Attributes:
        part_map: (H, W) integers; part classes without regard to people, 255 = ignore.
        people: The parts of each person.
    """

    part_map: np.ndarray
    people: PeopleMaps


@dataclass(frozen=True, eq=False)
class PredictedImage:
    """The prediction for one image.

    Attributes:
        part_map: (H, W) integers; part classes without regard to people.
        people: The parts of each person; None where the format does not distinguish people.
        person_scores: (P,) floats; NaN where a score is missing.
        person_ids: P ids of the people in their file, for messages.
        regions: The parts that AP^r ranks: those of ``people``, or each as if it were a person of its own.
        region_scores: (Q, C) floats; score of each part of each person of ``regions``, NaN where it is not listed.
    """

    part_map: np.ndarray
    people: PeopleMaps | None
    person_scores: np.ndarray
    person_ids: Sequence[int]
    regions: PeopleMaps
    region_scores: np.ndarray


class ImageFiles(Protocol):
    """Truth and predictions of a set of images in some format of files.

    Attributes:
        parts: Names of the part classes, the background first.
        names: The images that have a truth.
        missing: Those of them without a complete prediction, with the first file or record that each lacks.
    """

    parts: Sequence[str]
    names: Sequence[str]
    missing: Mapping[str, str]

    def truth(self, name: str) -> TrueImage:
        """Reads the truth of an image.

        Raises:
            ValueError, OSError: If a file cannot be used; the message names it.
        """
        ...

    def prediction(self, name: str) -> PredictedImage:
        """Reads the prediction for an image that is not among ``missing``.

        Raises:
            ValueError, OSError: If a file cannot be used; the message names it.
        """
        ...


class PredictionFiles(Protocol):
    """Predictions for a set of images in some format of files, without truth.

    Attributes:
        parts: Names of the part classes, the background first.
        with_people: Whether the format distinguishes people.
        names: The images.
        missing: Those of them without a complete prediction, with the first file or record that each lacks.
    """

    parts: tuple[str, ...]
    with_people: bool
    names: tuple[str, ...]
    missing: Mapping[str, str]

    def prediction(self, name: str) -> PredictedImage:
        """Reads the prediction for an image that is not among ``missing``.

        Raises:
            ValueError, OSError: If a file cannot be used; the message names it.
        """
        ...


def scores_of_parts(people: PeopleMaps, person_scores: np.ndarray, num_classes: int) -> np.ndarray:
    """Gives each part of a person the score of the person.

    Args:
        people: P people.
        person_scores: (P,) floats. A missing score (NaN) becomes the lowest one: its parts are ranked last.
        num_classes: C.

    Returns:
        (P, C) scores; NaN for parts without pixels.
    """
    table = np.full((people.num_people, num_classes), np.nan)
    (part_map, person_map), _ = merge_runs([people.part_map, people.person_map])  # (layers, N)
    shown = (person_map > 0) & (part_map > 0) & (part_map < num_classes)
    persons, labels = person_map[shown].astype(np.int64) - 1, part_map[shown]
    table[persons, labels] = np.nan_to_num(person_scores, nan=LOWEST_SCORE)[persons]
    return table


def overlay(maps: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8; label maps (H, W) on top of each other, the last one uppermost."""
    part_map = np.zeros(shape, np.uint8)
    for labels in maps:
        np.copyto(part_map, labels, where=labels > 0)
    return part_map


def stack_people(maps: list[np.ndarray], shape: tuple[int, int]) -> PeopleMaps:
    """P people from their label maps (H, W), of which there may be none."""
    return PeopleMaps.from_label_maps(np.array(maps, np.uint8).reshape(-1, *shape))
