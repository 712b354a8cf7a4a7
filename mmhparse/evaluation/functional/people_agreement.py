"""people_agreement: how far two predictions of one image agree, without truth."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .people_maps import PeopleMaps
from .shared_pixels import PartInstances, shared_pixels

LEAST_IOU = 0.1
"""Two people are a pair only if the IoU of their regions is above this; AP^p's lowest threshold."""


@dataclass(frozen=True, eq=False)
class PeopleAgreement:
    """M pairs of people, one of either prediction.

    Attributes:
        pairs: (M, 2) int64; numbers of the people in the first and in the second prediction, from 1.
        either: (M,) int64; pixels of a part of either person.
        both: (M,) int64; pixels of a part of both.
        same: (M,) int64; pixels of the same part of both.
        people: How many people the first and the second prediction have.
    """

    pairs: np.ndarray
    either: np.ndarray
    both: np.ndarray
    same: np.ndarray
    people: tuple[int, int]

    @property
    def difference(self) -> float:
        """1 minus the mean over the people of both predictions of ``same / either``, which is 0 for the unpaired.

        In [0, 1], and symmetric: 0 if both have the same parts of the same people, 1 if no pair has a part in common.
        """
        total = sum(self.people)
        return 1 - 2 * float((self.same / self.either).sum()) / total if total else 0.0

    @property
    def mask_iou(self) -> float:
        """Mean over the pairs of the IoU of their regions, all parts together; NaN without pairs."""
        return float((self.both / self.either).mean()) if len(self.pairs) else float('nan')

    @property
    def other_part(self) -> float:
        """Share of the pixels of both people of a pair that are different parts of them; NaN without pairs."""
        return 1 - float(self.same.sum() / self.both.sum()) if len(self.pairs) else float('nan')

    @property
    def alone(self) -> tuple[int, int]:
        """How many people of the first and of the second prediction are in no pair."""
        return self.people[0] - len(self.pairs), self.people[1] - len(self.pairs)


def people_agreement(first: PeopleMaps, second: PeopleMaps, num_classes: int) -> PeopleAgreement:
    """Pairs the people of two predictions by their regions, and counts the pixels on which each pair agrees.

    People are paired one to one so that the sum of the IoUs of their regions, all parts together, is largest; pairs at
    or below ``LEAST_IOU`` are dissolved. People without a pixel of a part do not count.

    Args:
        first, second: Predicted people, at the same size.
        num_classes: C, with the background.

    Raises:
        ValueError: If the sizes differ, a label is out of range, or there are more than 254 people.
    """
    if first.size != second.size:
        raise ValueError(
            'the predictions are {} x {} and {} x {} pixels (width x height): compare them at one size.'.format(
                *first.size, *second.size
            )
        )
    shared = shared_pixels(first, second, num_classes)
    numbers, rows = np.unique(shared.predicted.persons, return_inverse=True)  # (P,), (Q,)
    other_numbers, columns = np.unique(shared.truth.persons, return_inverse=True)  # (G,), (R,)
    same_label = shared.predicted.labels[:, None] == shared.truth.labels  # (Q, R)
    both = _by_person(shared.counts, rows, columns, (len(numbers), len(other_numbers)))  # (P, G)
    same = _by_person(shared.counts * same_label, rows, columns, both.shape)  # (P, G)
    either = _areas(shared.predicted, rows)[:, None] + _areas(shared.truth, columns) - both  # (P, G)
    paired = pair_by_iou(both / either)  # (M,), (M,)
    return PeopleAgreement(
        pairs=np.stack([numbers[paired[0]], other_numbers[paired[1]]], axis=1),
        either=either[paired],
        both=both[paired],
        same=same[paired],
        people=(len(numbers), len(other_numbers)),
    )


def pair_by_iou(iou: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows (M,) and columns (M,) of a table (P, G) of IoUs, paired so that their sum is largest, above LEAST_IOU."""
    rows, columns = linear_sum_assignment(iou, maximize=True)
    good = iou[rows, columns] > LEAST_IOU
    return rows[good], columns[good]


def _by_person(counts: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(P, G) int64; sums of a table (Q, R) of parts over the parts of each person."""
    table = np.zeros(shape, np.int64)
    np.add.at(table, (rows[:, None], columns), counts)
    return table


def _areas(parts: PartInstances, owners: np.ndarray) -> np.ndarray:
    """(P,) int64; pixels of each person, from the indices (Q,) of the parts' owners."""
    return np.bincount(owners, parts.areas).astype(np.int64)
