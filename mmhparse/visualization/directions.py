"""Directions as colours: hue for the direction of a vector, saturation for its length."""

import cv2
import numpy as np

from .canvas import draw_tag


def direction_colours(vectors: np.ndarray, longest: float) -> np.ndarray:
    """Colours of vectors: red points right, hues go clockwise on the screen, and white has length 0.

    Args:
        vectors: (H, W, 2) float; x, y.
        longest: Length that is shown in full colour.

    Returns:
        (H, W, 3) float32 RGB in [0, 255].
    """
    x, y = vectors[..., 0], vectors[..., 1]
    hue = np.degrees(np.arctan2(y, x)) % 360
    strength = np.clip(np.hypot(x, y) / max(longest, 1e-6), 0, 1)
    hsv = np.stack([hue, strength, np.ones_like(hue)], axis=-1).astype(np.float32)
    return 255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def draw_wheel(canvas: np.ndarray, caption: str) -> None:
    """Draws the key to the colours of directions into the lower left corner of the canvas."""
    height, width = canvas.shape[:2]
    radius = max(8, round(min(height, width) * 0.07))
    span = np.arange(-radius, radius + 1)
    vectors = np.stack(np.meshgrid(span, span), axis=-1).astype(np.float32)
    inside = np.hypot(vectors[..., 0], vectors[..., 1]) <= radius
    left, top = radius // 3, height - radius // 3 - len(span)
    if top < 0 or left + len(span) > width:
        return
    corner = canvas[top : top + len(span), left : left + len(span)]
    corner[inside] = direction_colours(vectors, radius)[inside].astype(np.uint8)
    draw_tag(canvas, caption, (left + len(span) + radius // 3, top + 1.5 * radius), max(7, radius / 2.5), (40, 40, 40))
