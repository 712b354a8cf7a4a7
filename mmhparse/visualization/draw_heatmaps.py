"""Joint heatmaps."""

import numpy as np

from mmhparse.structures import ImageGeometry, ParseFields, TargetFields

from .canvas import spread_colours, start_drawing
from .grids import blend, faded, grid_to_image, single


def draw_heatmaps(
    image: np.ndarray, fields: ParseFields | TargetFields, geometry: ImageGeometry | None = None
) -> np.ndarray:
    """Shows all joint heatmaps on the darkened image, a colour for each type; the likeliest type wins in each pixel.

    Args:
        image: (H, W, 3) uint8 RGB.
        fields: Fields of one image.
        geometry: Relates the image to the network input; they are one if None.

    Raises:
        ValueError: If the fields are of more than one image.
    """
    canvas = start_drawing(image)
    size = (canvas.shape[1], canvas.shape[0])
    heat = single(fields.joint_heatmaps, 'fields')  # (1, K, h, w) -> (K, h, w)
    colours = np.array(spread_colours(len(heat)), np.float32)  # (K, 3)
    heat = np.stack([grid_to_image(grid, fields.stride, size, geometry) for grid in heat])  # (K, H, W)
    return blend(faded(canvas), colours[heat.argmax(0)], heat.max(0))
