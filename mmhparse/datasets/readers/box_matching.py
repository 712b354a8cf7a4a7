"""Which boxes are of one person, where two files of a release number people differently."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from mmhparse.structures.boxes import box_iou

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
        overlap = box_iou(torch.from_numpy(boxes), torch.from_numpy(others), inclusive=True).numpy()  # (M, N)
        bonus = 0 if prefer is None else 1e-6 * prefer
        rows, columns = linear_sum_assignment(overlap + bonus, maximize=True)
        fits = overlap[rows, columns] >= MIN_OVERLAP
        partners[rows[fits]] = columns[fits]
    return partners
