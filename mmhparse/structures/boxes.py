"""Boxes as (x1, y1, x2, y2) in pixels: around points, around masks, and how much they overlap."""

import numpy as np
import torch
from torch import Tensor


def box_iou(boxes: Tensor, others: Tensor, *, inclusive: bool = False) -> Tensor:
    """Intersection over union of each pair of boxes.

    Args:
        boxes: (P, 4) float.
        others: (Q, 4) float.
        inclusive: Whether both corners are pixels of the box, as in annotation files that count pixels: a box is then
            x2 - x1 + 1 wide. By default corners are points, and a box is x2 - x1 wide.

    Returns:
        (P, Q) in [0, 1]; 0 where a box is empty or inverted.
    """
    extra = 1 if inclusive else 0
    low = torch.maximum(boxes[:, None, :2], others[None, :, :2])  # (P, Q, 2)
    high = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])  # (P, Q, 2)
    shared = (high - low + extra).clamp(min=0).prod(-1)  # (P, Q)
    areas, other_areas = ((box[:, 2:] - box[:, :2] + extra).clamp(min=0).prod(-1) for box in (boxes, others))
    return shared / (areas[:, None] + other_areas - shared).clamp(min=1e-6)


def enclosing_boxes(points: Tensor, mask: Tensor) -> Tensor:
    """The smallest boxes around the points of each person.

    Args:
        points: (P, K, 2) float; x, y.
        mask: (P, K) bool; which points count.

    Returns:
        (P, 4); all 0 where no point counts.
    """
    infinity = torch.full_like(points, float('inf'))
    known = mask[..., None]  # (P, K, 1)
    low = torch.where(known, points, infinity).amin(1) if points.shape[1] else points.sum(1)  # (P, 2)
    high = torch.where(known, points, -infinity).amax(1) if points.shape[1] else points.sum(1)  # (P, 2)
    boxes = torch.cat([low, high], dim=1)  # (P, 4)
    return torch.where(boxes.isfinite(), boxes, torch.zeros_like(boxes))


def enclosing_box(joints: np.ndarray) -> np.ndarray | None:
    """(4,) float64; the smallest box around the labelled joints (K, 3), None if no joint is labelled."""
    labelled = joints[joints[:, 2] > 0, :2].astype(np.float64)
    return np.concatenate([labelled.min(0), labelled.max(0)]) if len(labelled) else None


def mask_box(mask: np.ndarray) -> np.ndarray:
    """(4,) float64; the outermost pixels of a mask (H, W) that is not empty, corners inclusive."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1], rows[-1]], np.float64)
