"""Limb fields."""

import numpy as np

from mmhparse.structures import ImageGeometry, ParseFields, TargetFields

from .canvas import start_drawing
from .directions import direction_colours, draw_wheel
from .grids import blend, faded, grid_to_image, single


def draw_limb_fields(
    image: np.ndarray, fields: ParseFields | TargetFields, geometry: ImageGeometry | None = None
) -> np.ndarray:
    """Shows the limb fields on the darkened image, coloured by direction; the strongest limb wins in each cell.

    Args:
        image: (H, W, 3) uint8 RGB.
        fields: Fields of one image.
        geometry: Relates the image to the network input; they are one if None.

    Raises:
        ValueError: If the fields are of more than one image.
    """
    canvas = start_drawing(image)
    size = (canvas.shape[1], canvas.shape[0])
    vectors = single(fields.limb_fields, 'fields')  # (L, 2, h, w)
    strongest = np.hypot(vectors[:, 0], vectors[:, 1]).argmax(0)  # (h, w)
    best = np.take_along_axis(vectors, strongest[None, None], axis=0)[0].transpose(1, 2, 0)  # (h, w, 2)
    strength = np.hypot(best[..., 0], best[..., 1])  # (h, w)
    # directions of neighbouring limbs must not be mixed: colours first, then their interpolation weighted by strength
    unit = best / np.maximum(strength, 1e-6)[..., None]
    layers = np.dstack([direction_colours(unit, 1.0) * strength[..., None], strength])  # (h, w, 4)
    layers = grid_to_image(layers, fields.stride, size, geometry)  # (H, W, 4)
    colours = layers[..., :3] / np.maximum(layers[..., 3:], 1e-6)
    canvas = blend(faded(canvas), np.clip(colours, 0, 255), layers[..., 3])
    draw_wheel(canvas, 'direction of limbs')
    return canvas
