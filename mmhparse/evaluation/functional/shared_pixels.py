"""SharedPixels: how many pixels each predicted and each true part of an image have in common."""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .code_table import CodeTable, PixelCodes, count_codes
from .people_maps import PeopleMaps


@dataclass(frozen=True, eq=False)
class PartInstances:
    """The Q parts of one image's people that have pixels, ordered by person, then label.

    Attributes:
        persons: (Q,) int64; id of each part's person. 255 in the truth: pixels that are ignored for everybody.
        labels: (Q,) int64; class of each part. 255 in the truth: ignored pixels of that person.
        areas: (Q,) int64 pixels.
    """

    persons: np.ndarray
    labels: np.ndarray
    areas: np.ndarray

    @property
    def ignored(self) -> np.ndarray:
        """(Q,) bool; the rows that are ignored pixels, not parts."""
        return self.labels == IGNORE

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class SharedPixels:
    """All pairs of the Q predicted and R true parts of one image.

    Attributes:
        predicted: The Q predicted parts.
        truth: The R true parts, and its ignored pixels as rows of label 255.
        counts: (Q, R) int64; pixels that both have.
    """

    predicted: PartInstances
    truth: PartInstances
    counts: np.ndarray

    @classmethod
    def of(cls, table: CodeTable, num_true_people: int, num_classes: int) -> 'SharedPixels':
        """The parts of a table that have pixels."""
        rows, parts = _parts(table.predicted, table.predicted_areas())  # (Q,)
        columns, true_parts = _parts(table.truth, table.true_areas())  # (R,)
        true_parts.persons[true_parts.persons > num_true_people] = IGNORE
        true_parts.labels[true_parts.labels == num_classes] = IGNORE
        return cls(parts, true_parts, table.counts[rows[:, None], columns])


def shared_pixels(predicted: PeopleMaps, truth: PeopleMaps, num_classes: int) -> SharedPixels:
    """Counts the pixels of all pairs of parts, in one pass over the image.

    Args:
        predicted: Predicted people.
        truth: True people, at the same size; 255 = ignore.
        num_classes: C, with the background.

    Raises:
        ValueError: As :func:`count_codes`.
    """
    return SharedPixels.of(count_codes(predicted, truth, num_classes), truth.num_people, num_classes)


def _parts(codes: PixelCodes, areas: np.ndarray) -> tuple[np.ndarray, PartInstances]:
    """Index (Q,) of the codes that are parts of a person and have pixels, and those parts."""
    rows = np.flatnonzero(areas)  # (codes with pixels,)
    persons, labels = np.divmod(codes.names[rows], codes.num_labels)
    shown = labels > 0
    rows = rows[shown]  # (Q,)
    return rows, PartInstances(persons[shown] + 1, labels[shown], areas[rows])
