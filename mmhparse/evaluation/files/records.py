"""What files say of one image: the truth, and what some method predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps


@dataclass(frozen=True, eq=False)
class TrueImage:
    """The truth of one image.

    Attributes:
        part_map: (H, W) integers; part classes, people not regarded, 255 = ignore.
        people: Who has which part where.
    """

    part_map: np.ndarray
    people: PeopleMaps


@dataclass(frozen=True, eq=False)
class PredictedImage:
    """What was predicted for one image.

    Attributes:
        part_map: (H, W) integers; part classes, people not regarded.
        people: Who has which part where; None where the format does not tell people apart.
        person_scores: (P,) floats; NaN where a score is missing.
        regions: The parts that AP^r ranks: those of ``people``, or each as if it were a person of its own.
        region_scores: (Q, C) floats; score of each part of each person of ``regions``, NaN where it is not listed.
    """

    part_map: np.ndarray
    people: PeopleMaps | None
    person_scores: np.ndarray
    regions: PeopleMaps
    region_scores: np.ndarray


class ImageFiles(Protocol):
    """Truth and predictions of a set of images in some format of files.

    Attributes:
        parts: Names of the part classes, the background first.
        names: The images that have a truth.
        missing: Those of them without a prediction.
    """

    parts: Sequence[str]
    names: Sequence[str]
    missing: Sequence[str]

    def truth(self, name: str) -> TrueImage:
        """Reads the truth of an image.

        Raises:
            ValueError, OSError: If a file cannot be used; the message names it.
        """

    def prediction(self, name: str) -> PredictedImage:
        """Reads what was predicted for an image, which is not among ``missing``; errors as of :meth:`truth`."""


def scores_of_parts(people: PeopleMaps, person_scores: np.ndarray, num_classes: int) -> np.ndarray:
    """(P, C) scores where each part of a person has the person's score; NaN where it has no pixels.

    A score that is missing (NaN) becomes the lowest there is: its parts are ranked last.
    """
    table = np.full((people.num_people, num_classes), np.nan)
    shown = (people.person_map > 0) & (people.part_map > 0) & (people.part_map < num_classes)
    persons, labels = people.person_map[shown].astype(np.int64) - 1, people.part_map[shown]
    table[persons, labels] = np.nan_to_num(person_scores, nan=-np.inf)[persons]
    return table
