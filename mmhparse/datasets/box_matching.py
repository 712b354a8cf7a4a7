"""Which boxes are of one person, where two files of a release number people differently."""

import numpy as np
from scipy.optimize import linear_sum_assignment

MIN_OVERLAP = 0.3
"""Boxes of a mask and a pose that overlap less (IoU) are not of one person. Our choice: no pose does less harm than a
wrong one, and a box drawn round a half-hidden person is larger than what is seen of it."""


def match_boxes(boxes: np.ndarray, others: np.ndarray, prefer: np.ndarray | None = None) -> np.ndarray:
    """Pairs boxes by the assignment of greatest total IoU (Kuhn, 1955).

    Args:
        boxes: (M, 4) x1, y1, x2, y2.
        others: (N, 4).
        prefer: (M, N) bool; which pairs to take of those that fit as well.

    Returns:
        (M,) int64; index of the other box of each, -1 for those that fit none.
    """
    partners = np.full(len(boxes), -1)
    if len(boxes) and len(others):
        overlap = box_iou(boxes, others)
        bonus = 0 if prefer is None else 1e-6 * prefer
        rows, columns = linear_sum_assignment(overlap + bonus, maximize=True)
        fits = overlap[rows, columns] >= MIN_OVERLAP
        partners[rows[fits]] = columns[fits]
    return partners


def box_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(M, N) intersection over union of boxes (M, 4) and (N, 4), x1, y1, x2, y2, both corners being pixels of them."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low + 1).clip(0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2] + 1).prod(-1) for boxes in (first, second)]
    return shared / (areas[0][:, None] + areas[1] - shared)


def mask_box(mask: np.ndarray) -> np.ndarray:
    """(4,) float; x1, y1, x2, y2 of the outermost pixels of a mask (H, W) that has some."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1], rows[-1]], np.float64)


def box_round(joints: np.ndarray) -> np.ndarray | None:
    """(4,) box round the labelled joints (K, 3), None if there is none."""
    labelled = joints[joints[:, 2] > 0, :2].astype(np.float64)
    return np.concatenate([labelled.min(0), labelled.max(0)]) if len(labelled) else None
