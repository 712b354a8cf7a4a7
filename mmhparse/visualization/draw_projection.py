"""The dense-to-sparse projection field."""

from typing import Literal

import numpy as np

from mmhparse.structures import ImageGeometry, ParseFields

from .canvas import draw_arrow, line_width, start_drawing
from .directions import direction_colours, draw_wheel
from .grids import blend, faded, foreground, grid_to_image, single


def draw_projection(
    image: np.ndarray,
    fields: ParseFields,
    geometry: ImageGeometry | None = None,
    style: Literal['wheel', 'arrows'] = 'wheel',
    level: int = 0,
) -> np.ndarray:
    """Shows the projection of the pixels of parts: each vector points to the closest joint of the pixel's person.

    Args:
        image: (H, W, 3) uint8 RGB.
        fields: Fields of one image. The truth is drawn from ``TargetFields.as_prediction``.
        geometry: Relates the image to the network input; they are one if None.
        style: 'wheel' colours every pixel by direction and, in saturation, length; 'arrows' draws the vectors of some
            of the pixels, each from the pixel to its target.
        level: Level of the pyramid, 0 = finest.

    Raises:
        ValueError: If the fields are of more than one image, or there is no such style.
    """
    canvas = start_drawing(image)
    size = (canvas.shape[1], canvas.shape[0])
    vectors = _vectors_in_image(fields, size, geometry, level)
    inside = foreground(fields, size, geometry)
    if style == 'wheel':
        lengths = np.hypot(*vectors[inside].T)  # (pixels,)
        # a few long vectors of large people would leave all others pale
        longest = max(1.0, float(np.percentile(lengths, 90))) if lengths.size else 1.0
        canvas = blend(faded(canvas), direction_colours(vectors, longest), 0.85 * inside)
        draw_wheel(canvas, f'full colour: {longest:.0f} px or more')
        return canvas
    if style == 'arrows':
        return _with_arrows(blend(faded(canvas), canvas, 0.4 * inside), vectors, inside)
    raise ValueError(f"style must be 'wheel' or 'arrows', got '{style}'.")


def _vectors_in_image(
    fields: ParseFields, size: tuple[int, int], geometry: ImageGeometry | None, level: int
) -> np.ndarray:
    """(H, W, 2) float32; the field at every pixel of the image, in pixels of the image."""
    grid = single(fields.projection[level], 'fields').transpose(1, 2, 0)  # (1, 2, h, w) -> (h, w, 2)
    stride = fields.stride * round(fields.projection[0].shape[-1] / fields.projection[level].shape[-1])
    vectors = grid_to_image(grid, stride, size, geometry)
    return vectors if geometry is None else vectors / geometry.scale.astype(np.float32)


def _with_arrows(canvas: np.ndarray, vectors: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Draws the vectors of every n-th pixel inside as arrows, coloured by direction."""
    spacing = max(6, round(min(canvas.shape[:2]) / 40))
    colours = direction_colours(vectors, 1.0)
    for y in range(spacing // 2, canvas.shape[0], spacing):
        for x in range(spacing // 2, canvas.shape[1], spacing):
            if inside[y, x]:
                end = (x + vectors[y, x, 0], y + vectors[y, x, 1])
                red, green, blue = colours[y, x].tolist()
                draw_arrow(canvas, (x, y), end, (red, green, blue), max(1, line_width(canvas) // 2))
    return canvas
