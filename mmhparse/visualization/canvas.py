"""Basics of all drawing: checked RGB images, colours, and lines, dots and text that scale with the image.

Every draw function takes an (H, W, 3) uint8 RGB image, as mmengine's visualizers do, leaves it unchanged and returns a
new one. Points are (x, y) with pixel centres at integers; they are drawn to a sixteenth of a pixel. What has a
coordinate that is NaN is not drawn, and coordinates far outside of the image are clipped: OpenCV takes neither.
"""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np

Colour = tuple[int, int, int]

_SHIFT = 4
"""Fractional bits of OpenCV's coordinates: 1 / 16 of a pixel."""
_FARTHEST = 30000
"""Pixels; the largest coordinate that OpenCV gets."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def start_drawing(image: np.ndarray) -> np.ndarray:
    """A copy of the image to draw on.

    Raises:
        ValueError: If it is not (H, W, 3) uint8.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'image must be (H, W, 3) uint8 RGB, got {image.dtype} {image.shape}.')
    return np.array(image, order='C')


def line_width(image: np.ndarray) -> int:
    """Pixels; 2 for images up to 960 x 720, in proportion for larger ones."""
    height, width = image.shape[:2]
    return max(2, round(float(np.sqrt(height * width)) / 350))


def spread_colours(count: int) -> list[Colour]:
    """``count`` RGB colours; hues step by the golden ratio and every other one is pale: neighbours differ much."""
    return [_bright(index * 0.618034, (0.9, 0.45)[index % 2]) for index in range(count)]


def person_colour(person: int) -> Colour:
    """RGB colour of the person with this id, the same in every picture."""
    return _bright(0.45 + person * 0.618034)


def draw_line(canvas: np.ndarray, start: Sequence[float], end: Sequence[float], colour: Colour, width: int) -> None:
    """Draws a line from start to end onto the canvas."""
    if not _has_place(start, end):
        return
    cv2.line(canvas, _fixed(start), _fixed(end), colour, width, cv2.LINE_AA, _SHIFT)


def draw_arrow(canvas: np.ndarray, start: Sequence[float], end: Sequence[float], colour: Colour, width: int) -> None:
    """Draws an arrow from start to end onto the canvas."""
    if not _has_place(start, end):
        return
    start, end = _clipped(start), _clipped(end)
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    tip = min(0.4, 4 * width / max(length, 1e-6))
    cv2.arrowedLine(canvas, _fixed(start), _fixed(end), colour, width, cv2.LINE_AA, _SHIFT, tip)


def draw_dot(canvas: np.ndarray, centre: Sequence[float], radius: float, colour: Colour) -> None:
    """Draws a filled disc with a thin dark rim onto the canvas."""
    if not _has_place(centre):
        return
    size = max(1, round(radius * (1 << _SHIFT)))
    cv2.circle(canvas, _fixed(centre), size, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)
    cv2.circle(canvas, _fixed(centre), size, (0, 0, 0), 1, cv2.LINE_AA, _SHIFT)


def text_size(text: str, height: float) -> tuple[int, int]:
    """(W, H) in pixels of text whose capitals are ``height`` pixels high."""
    (width, tall), _ = cv2.getTextSize(text, _FONT, _font_scale(height), _font_width(height))
    return width, tall


def draw_text(canvas: np.ndarray, text: str, left: float, base: float, height: float, colour: Colour) -> None:
    """Writes text onto the canvas, starting at x = left on the base line y = base."""
    if not _has_place((left, base)):
        return
    left, base = _clipped((left, base))
    cv2.putText(
        canvas, text, (round(left), round(base)), _FONT, _font_scale(height), colour, _font_width(height), cv2.LINE_AA
    )


def draw_tag(canvas: np.ndarray, text: str, corner: Sequence[float], height: float, colour: Colour) -> None:
    """Writes text on a filled box, its lower left corner at ``corner`` or as close to it as the canvas allows."""
    if not _has_place(corner):
        return
    corner = _clipped(corner)
    width, tall = text_size(text, height)
    margin = max(2, round(height / 4))
    width, tall = width + 2 * margin, tall + 2 * margin
    left = int(np.clip(round(corner[0]), 0, max(0, canvas.shape[1] - width)))
    bottom = int(np.clip(round(corner[1]), tall, max(tall, canvas.shape[0])))
    cv2.rectangle(canvas, (left, bottom - tall), (left + width, bottom), colour, cv2.FILLED)
    brightness = np.dot(colour, (0.299, 0.587, 0.114))
    ink = (0, 0, 0) if brightness > 110 else (255, 255, 255)
    draw_text(canvas, text, left + margin, bottom - margin, height, ink)


def _bright(hue: float, saturation: float = 0.8) -> Colour:
    """RGB colour of a hue, in full turns, at full brightness."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _has_place(*points: Sequence[float]) -> bool:
    """Whether no coordinate is NaN."""
    return not np.isnan(np.asarray(points, float)).any()


def _clipped(point: Sequence[float]) -> tuple[float, float]:
    x, y = (float(np.clip(value, -_FARTHEST, _FARTHEST)) for value in point)
    return x, y


def _fixed(point: Sequence[float]) -> tuple[int, int]:
    """A point in OpenCV's fixed-point coordinates, clipped to their range."""
    x, y = (round(value * (1 << _SHIFT)) for value in _clipped(point))
    return x, y


def _font_scale(height: float) -> float:
    return cv2.getFontScaleFromHeight(_FONT, max(1, round(height)), _font_width(height))


def _font_width(height: float) -> int:
    return max(1, round(height / 10))
