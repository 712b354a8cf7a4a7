"""Backgrounds: a wall or sky and a floor, with texture and objects."""

import cv2
import numpy as np

from .appearance import random_colour
from .drawing import draw_layer
from .things import sample_thing


def paint_background(rng: np.random.Generator, size: tuple[int, int], light: float) -> np.ndarray:
    """Renders a background without people.

    Args:
        rng: Random generator.
        size: (W, H).
        light: Direction of the light: -1 from the left, 1 from the right.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    width, height = size
    horizon = int(height * rng.uniform(0.35, 0.65))
    image = np.empty((height, width, 3), dtype=np.float32)
    for rows in (slice(0, horizon), slice(horizon, height)):
        image[rows] = _surface(rng, image[rows].shape)
    image += _mottling(rng, image.shape)
    image = image.clip(0, 255).astype(np.uint8)
    for _ in range(rng.integers(1, 6)):
        thing = draw_layer(sample_thing(rng), height * rng.uniform(0.2, 0.8), light)
        thing.paint_on(image, int(rng.integers(width)), int(rng.uniform(0.4, 0.9) * height))
    return image


def _surface(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """A gradient between two colours, in half of all cases with tiles, boards or stripes; float32 of that shape."""
    height, width, _ = shape
    first, second = (np.array(random_colour(rng, most_saturated=0.6), dtype=np.float32) for _ in range(2))
    second = first + rng.uniform(0.1, 0.6) * (second - first)
    if rng.random() < 0.5:
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    else:
        share = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    surface = np.broadcast_to(first + share * (second - first), shape).copy()
    kind = rng.integers(6)
    strength = np.float32(rng.uniform(0.6, 1.3))
    period = max(int(rng.uniform(0.04, 0.15) * width), 3)
    if kind in (0, 1):
        surface[::period] *= strength
    if kind in (0, 2):
        surface[:, ::period] *= strength
    if kind == 2:
        broad = np.arange(width) % (2 * period) < period
        surface[:, broad] *= strength
    return surface


def _mottling(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Smooth coarse and fine noise around 0; float32 of that shape."""
    height, width, _ = shape
    coarse, fine = (int(cells) for cells in (rng.integers(3, 9), rng.integers(16, 49)))
    blotches = rng.normal(0, rng.uniform(2, 12), (coarse, coarse, 3)).astype(np.float32)
    grain = rng.normal(0, rng.uniform(1, 10), (fine, fine, 1)).astype(np.float32)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
    return cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC) + grain
