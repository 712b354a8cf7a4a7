"""Drawing: strokes -> layers. A layer is one person or object with its colours and its part labels.

A stroke is the convex hull of a few discs: two make a tapered limb, one a ball, four a box or a trunk. Strokes are
rendered at three times the resolution: the colours are then averaged, which smooths their edges, while the labels are
those of the middle sample, which is exactly at the pixel's centre.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

Colour = tuple[int, int, int]
Pattern = Literal['plain', 'stripes', 'bars', 'checks', 'dots']

_SAMPLES = 3
_FRACTION_BITS = 4
_PATTERNED = 128
_CIRCLE = np.stack([np.cos(np.arange(12) * np.pi / 6), np.sin(np.arange(12) * np.pi / 6)], axis=1)
_SHADED, _LIT = 0.74, 1.06
_LIT_RADIUS = 0.6


@dataclass(frozen=True)
class Fabric:
    """The colours of a stroke.

    Attributes:
        colour: BGR, 0 to 255.
        pattern: 'stripes' are horizontal, 'bars' vertical.
        second: BGR of the pattern.
        period: Period of the pattern, in the unit of the strokes.
    """

    colour: Colour
    pattern: Pattern = 'plain'
    second: Colour = (0, 0, 0)
    period: float = 0.05


@dataclass(frozen=True, eq=False)
class Stroke:
    """The convex hull of some discs.

    Attributes:
        part: Class of its pixels; 0 for objects.
        discs: (n, 3) float; x, y and radius.
        depth: Strokes of greater depth are nearer to the viewer and painted later.
        fabric: Its colours.
    """

    part: int
    discs: np.ndarray
    depth: float
    fabric: Fabric


@dataclass(frozen=True, eq=False)
class Layer:
    """One rendered person or object.

    Attributes:
        left, top: Pixel of its top left corner, relative to the strokes' origin.
        colours: (rows, columns, 4) uint8; BGR, premultiplied with the coverage, and coverage.
        parts: (rows, columns) uint8; part class, 0 where there is no person.
        solid: (rows, columns) bool; where the layer is opaque.
    """

    left: int
    top: int
    colours: np.ndarray
    parts: np.ndarray
    solid: np.ndarray

    @property
    def bottom(self) -> int:
        """Row of the lowest pixels, relative to the strokes' origin."""
        return self.top + len(self.parts) - 1

    def overlap(self, x: int, y: int, shape: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """The overlap of the layer, with its origin at (x, y), and an image.

        Args:
            x, y: Pixel of the strokes' origin.
            shape: (H, W) of the image.

        Returns:
            Rows and columns in the image, and the same in the layer; both empty if they do not overlap.
        """
        on_image, on_layer = [], []
        for start, length, limit in zip((y + self.top, x + self.left), self.parts.shape, shape, strict=True):
            first, last = min(max(start, 0), limit), max(min(start + length, limit), 0)
            on_image.append(slice(first, last))
            on_layer.append(slice(first - start, last - start))
        return tuple(on_image), tuple(on_layer)

    def paint_on(self, image: np.ndarray, x: int, y: int) -> None:
        """Paints the colours over ``image`` (H, W, 3) uint8, in place."""
        window, cut = self.overlap(x, y, image.shape[:2])
        colours = self.colours[cut]
        if colours.size:
            rest = 255 - colours[..., 3:].astype(np.uint16)
            image[window] = colours[..., :3] + ((image[window] * rest + 127) // 255).astype(np.uint8)


def draw_layer(strokes: list[Stroke], scale: float, light: float) -> Layer:
    """Renders the strokes, farthest first.

    Args:
        strokes: At most 63.
        scale: Pixels per unit of the strokes.
        light: Direction of the light: -1 from the left, 1 from the right.
    """
    strokes = sorted(strokes, key=lambda stroke: stroke.depth)
    discs = np.concatenate([stroke.discs for stroke in strokes]) * scale
    centres, radii = discs[:, :2], discs[:, 2:]
    left, top = np.floor((centres - radii).min(0)).astype(int) - 1
    right, bottom = np.ceil((centres + radii).max(0)).astype(int) + 1
    origin = np.array([left, top])

    paint = np.zeros((_SAMPLES * (bottom - top + 1), _SAMPLES * (right - left + 1)), dtype=np.uint8)
    shaded = _outlines(centres - origin, radii)
    lit = _outlines(centres - origin + 0.22 * radii * (light, -1.0), _LIT_RADIUS * radii)
    first = 0
    for index, stroke in enumerate(strokes):
        last = first + len(stroke.discs)
        _fill(paint, shaded[first:last], 2 * index + 1)
        _fill(paint, lit[first:last], 2 * index + 2)
        first = last
    _add_patterns(paint, strokes, scale)

    middle = paint[_SAMPLES // 2 :: _SAMPLES, _SAMPLES // 2 :: _SAMPLES]
    samples = _palette(strokes).take(paint).view(np.uint8).reshape(*paint.shape, 4)
    colours = cv2.resize(samples, middle.shape[::-1], interpolation=cv2.INTER_AREA)
    parts = np.repeat([stroke.part for stroke in strokes], 2)
    part_of_paint = np.zeros(256, dtype=np.uint8)
    part_of_paint[1 : len(parts) + 1] = part_of_paint[_PATTERNED + 1 : _PATTERNED + len(parts) + 1] = parts
    return Layer(int(left), int(top), colours, part_of_paint[middle], middle > 0)


def _outlines(centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """(n, 12, 2) int32 points on the discs, in fixed-point coordinates of samples."""
    points = centres[:, None] + radii[:, None] * _CIRCLE
    # the middle sample of pixel x is sample 3 x + 1
    return np.rint((points * _SAMPLES + _SAMPLES // 2) * 2**_FRACTION_BITS).astype(np.int32)


def _fill(paint: np.ndarray, outlines: np.ndarray, value: int) -> None:
    hull = cv2.convexHull(outlines.reshape(-1, 1, 2))
    cv2.fillConvexPoly(paint, hull, value, lineType=cv2.LINE_8, shift=_FRACTION_BITS)


def _palette(strokes: list[Stroke]) -> np.ndarray:
    """(256,) uint32; BGRA of each paint: shaded and lit for every stroke, then the same of the patterns."""
    table = np.zeros((2, _PATTERNED, 4), dtype=np.float64)
    for pattern in (0, 1):
        colours = [stroke.fabric.second if pattern else stroke.fabric.colour for stroke in strokes]
        tones = np.array(colours, dtype=np.float64)[:, None] * [[_SHADED], [_LIT]]
        table[pattern, 1 : 2 * len(strokes) + 1, :3] = tones.reshape(-1, 3)
        table[pattern, 1 : 2 * len(strokes) + 1, 3] = 255
    return table.clip(0, 255).astype(np.uint8).view(np.uint32).reshape(-1)


def _add_patterns(paint: np.ndarray, strokes: list[Stroke], scale: float) -> None:
    """Replaces the paints on a pattern by their patterned counterparts, in place."""
    for fabric in {stroke.fabric: None for stroke in strokes if stroke.fabric.pattern != 'plain'}:
        table = np.zeros(256, dtype=np.uint8)
        for index, stroke in enumerate(strokes):
            if stroke.fabric == fabric:
                table[2 * index + 1 : 2 * index + 3] = _PATTERNED
        period = max(_SAMPLES * fabric.period * scale, 2.0 * _SAMPLES)
        paint += table[paint] * _pattern(fabric.pattern, paint.shape, period)


def _pattern(pattern: Pattern, shape: tuple[int, int], period: float) -> np.ndarray:
    """uint8 that broadcasts to ``shape``; 1 where the second colour is."""
    rows, columns = (np.arange(length)[:, None] / period % 1.0 for length in shape)
    columns = columns.T
    if pattern == 'stripes':
        chosen = rows < 0.5
    elif pattern == 'bars':
        chosen = columns < 0.5
    elif pattern == 'checks':
        chosen = (rows < 0.5) ^ (columns < 0.5)
    else:
        chosen = (rows - 0.5) ** 2 + (columns - 0.5) ** 2 < 0.09
    return chosen.astype(np.uint8)
