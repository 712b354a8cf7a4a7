"""What the functions check of lists with an entry for each image, and of scores."""

from collections.abc import Iterable
from typing import Any

import numpy as np

LOWEST_SCORE = float(np.finfo(np.float64).min)
"""Finite score below all others, for predictions that must rank last."""

HIGHEST_SCORE = float(np.finfo(np.float64).max)
"""Finite score above all others, for predictions that must rank first."""


def per_image(**lists: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Pairs up lists that hold an entry for each image.

    Raises:
        ValueError: If their lengths differ; the message names the lists.
    """
    entries = [list(entry) for entry in lists.values()]
    if len(set(map(len, entries))) > 1:
        lengths = ', '.join(f'{len(entry)} of {name}' for name, entry in zip(lists, entries, strict=True))
        raise ValueError(f'expected one entry for each image in every list, got {lengths}.')
    return list(zip(*entries, strict=True))


def check_finite(scores: np.ndarray, allow_nan: bool) -> None:
    """Refuses scores of people that have no place in a ranking.

    Args:
        scores: (P,) floats.
        allow_nan: Whether NaN passes; infinity never does.

    Raises:
        ValueError: If a score is infinite, or NaN where that is not allowed; the message names the person.
    """
    wrong = np.flatnonzero(np.isinf(scores) | (np.isnan(scores) & (not allow_nan)))
    if len(wrong):
        raise ValueError(f'the score of predicted person {wrong[0] + 1} is {show_score(float(scores[wrong[0]]))}.')


def show_score(score: float) -> str:
    """A score that is not finite, for messages: NaN, inf or -inf."""
    return 'NaN' if np.isnan(score) else str(score)
