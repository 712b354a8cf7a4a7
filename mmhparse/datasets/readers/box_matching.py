"""Boxes of the same people, matched where two files of a release number people differently."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from mmhparse.structures.boxes import box_iou

MIN_OVERLAP = 0.3
"""Boxes of a mask and a pose with a smaller IoU are not of one person. Our choice: no pose does less harm than a wrong
one, and an annotated box around a half-hidden person is larger than the box of its visible pixels."""
_FARTHEST = 1e6
"""Pixels; no image is as large."""


def is_usable_box(box: np.ndarray) -> bool:
    """Whether a box x1, y1, x2, y2 is finite, near an image and not inverted."""
    return bool((np.abs(box) < _FARTHEST).all() and (box[2:] > box[:2]).all())


def match_boxes(boxes: np.ndarray, others: np.ndarray, prefer: np.ndarray | None = None) -> np.ndarray:
    """Matches boxes by the assignment of maximum total IoU (Kuhn, 1955).

    Args:
        boxes: (M, 4) x1, y1, x2, y2.
        others: (N, 4).
        prefer: (M, N) bool; the pairs to take among equally good ones.

    Returns:
        (M,) int64; index of the other box of each, -1 for unmatched ones.
    """
    partners = np.full(len(boxes), -1)
    if len(boxes) and len(others):
        overlap = box_iou(torch.from_numpy(boxes), torch.from_numpy(others), inclusive=True).numpy()  # (M, N)
        bonus = 0 if prefer is None else 1e-6 * prefer
        rows, columns = linear_sum_assignment(overlap + bonus, maximize=True)
        fits = overlap[rows, columns] >= MIN_OVERLAP
        partners[rows[fits]] = columns[fits]
    return partners
