"""Average precision: the area below the envelope of a precision-recall curve."""

from typing import Literal

import numpy as np

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Overlaps above which something counts as found; the metrics' "vol" is the mean over them."""

Ties = Literal['together', 'listed_first', 'listed_last']


def rank(scores: np.ndarray, ties: Ties, overlap: np.ndarray | None = None) -> np.ndarray:
    """(N,) order of descending score.

    Args:
        scores: (N,); NaN comes last, but first with 'listed_last'.
        ties: Equal scores keep their order ('listed_first'), the reverse of it ('listed_last'), or go by descending
            ``overlap`` ('together').
        overlap: (N,) how far each prediction agrees with the truth; equal where not given.
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
    """Area below the precision-recall curve, with each precision lifted to the best at any higher recall.

    This is the "area" form of PASCAL VOC, the sum over ranks of (recall_k - recall_{k-1}) * max_{j >= k} precision_j;
    recalls that no rank reaches contribute 0.

    Args:
        hits: (N,) bool, best score first; whether the prediction is right. False positives are False.
        num_true: How many there are to find.
        scores: (N,) descending. Where given, predictions of equal score enter the curve in one step, so that the
            result does not depend on their order.

    Returns:
        Fraction; above 1 only if more predictions hit than there are things to find. NaN if there is nothing to find.
    """
    if num_true == 0:
        return float('nan')
    found, shown = np.cumsum(hits), np.arange(1, len(hits) + 1)
    if scores is not None and len(scores):
        last_of_tie = np.append(scores[1:] != scores[:-1], True)
        found, shown = found[last_of_tie], shown[last_of_tie]
    envelope = np.maximum.accumulate((found / shown)[::-1])[::-1]
    return float(np.sum(np.diff(found / num_true, prepend=0.0) * envelope))
