"""Average precision: the area below the envelope of a precision-recall curve."""

from typing import Literal

import numpy as np

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The T overlaps above which something counts as found; the metrics' "vol" is the mean over them."""

Ties = Literal['together', 'listed_first', 'listed_last']


def rank(scores: np.ndarray, ties: Ties, overlap: np.ndarray | None = None) -> np.ndarray:
    """Sorts predictions by descending score.

    Args:
        scores: (N,) floats; NaN comes last, but first with 'listed_last'.
        ties: Order of equal scores: that of the list ('listed_first'), its reverse ('listed_last'), or descending
            ``overlap`` ('together').
        overlap: (N,) overlap of each prediction with the truth; equal by default.

    Returns:
        (N,) int64 indices, best score first.

    Raises:
        ValueError: If ``ties`` is none of the three.
    """
    match ties:
        case 'listed_first':
            return np.argsort(-scores, kind='stable')
        case 'listed_last':
            return np.argsort(scores, kind='stable')[::-1]
        case 'together':
            return np.lexsort((np.zeros_like(scores) if overlap is None else -overlap, -scores))
    raise ValueError(f"ties must be 'listed_first', 'listed_last' or 'together', got '{ties}'.")


def average_precision(hits: np.ndarray, num_true: int, scores: np.ndarray | None = None) -> float:
    """Area below the precision-recall curve, with each precision raised to the best at any higher recall.

    This is the "area" form of PASCAL VOC (Everingham et al., "The PASCAL Visual Object Classes Challenge: A
    Retrospective", IJCV 2015), the sum over ranks of (recall_k - recall_{k-1}) * max_{j >= k} precision_j; recalls that
    no rank reaches contribute 0.

    Example:
        Hits [True, False, True] of 2 true people: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1. The envelope is 1, 2/3,
        2/3, and the area 1/2 * 1 + 0 * 2/3 + 1/2 * 2/3 = 5/6.

    Args:
        hits: (N,) bool, best score first; whether the prediction is a true positive.
        num_true: Number of true people or parts.
        scores: (N,) descending. If given, predictions of equal score enter the curve in one step, so that the result
            does not depend on their order.

    Returns:
        Fraction; above 1 only if there are more hits than true people or parts. NaN if ``num_true`` is 0.
    """
    if num_true == 0:
        return float('nan')
    found, shown = np.cumsum(hits), np.arange(1, len(hits) + 1)  # (N,)
    if scores is not None and len(scores):
        last_of_tie = np.append(scores[1:] != scores[:-1], True)  # (N,)
        found, shown = found[last_of_tie], shown[last_of_tie]  # (different scores,)
    envelope = np.maximum.accumulate((found / shown)[::-1])[::-1]  # as found
    return float(np.sum(np.diff(found / num_true, prepend=0.0) * envelope))
