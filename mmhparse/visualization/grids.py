"""From the stride grid of the network input, on which fields are defined, to the pixels of the image."""

import cv2
import numpy as np
from torch import Tensor

from mmhparse.structures import ImageGeometry, ParseFields


def grid_to_image(grid: np.ndarray, stride: float, size: tuple[int, int], geometry: ImageGeometry | None) -> np.ndarray:
    """Reads a grid at every pixel of an image, bilinearly and clamped to the border cells.

    Args:
        grid: (h, w) or (h, w, channels) float with at most four channels.
        stride: Pixels of the network input per cell.
        size: (W, H) of the image.
        geometry: Relates image and network input; they are one if None.

    Returns:
        (H, W) or (H, W, channels) float32.
    """
    step = stride / (np.ones(2) if geometry is None else geometry.scale)
    # the centre of cell j lies at x = (j + 0.5) step - 0.5
    matrix = np.array([[step[0], 0, (step[0] - 1) / 2], [0, step[1], (step[1] - 1) / 2]])
    return cv2.warpAffine(
        np.ascontiguousarray(grid, dtype=np.float32),
        matrix,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def points_to_image(points: np.ndarray, geometry: ImageGeometry | None) -> np.ndarray:
    """Moves (..., 2) points of the network input into the image; they are one if ``geometry`` is None."""
    return points if geometry is None else geometry.points_to_image(points)


def single(tensor: Tensor, name: str) -> np.ndarray:
    """The only entry of a batch, as float32 array.

    Raises:
        ValueError: If the batch does not hold exactly one image.
    """
    if len(tensor) != 1:
        raise ValueError(f'{name} holds {len(tensor)} images, but one picture shows one: take one of the batch first.')
    return tensor[0].detach().float().cpu().numpy()


def foreground(fields: ParseFields, size: tuple[int, int], geometry: ImageGeometry | None) -> np.ndarray:
    """(H, W) bool; pixels where some part is likelier than the background."""
    logits = single(fields.part_logits, 'fields')
    return grid_to_image(logits.argmax(0) > 0, fields.part_stride, size, geometry) > 0.5


def faded(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8; the image in dark grey, as background for colours."""
    grey = np.rint(0.55 * cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def blend(under: np.ndarray, over: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8; ``over`` on top of ``under``, both (H, W, 3), with an opacity (H, W) in [0, 1]."""
    share = np.clip(opacity, 0, 1)[..., None]  # (H, W, 1)
    return np.rint(under * (1 - share) + over * share).astype(np.uint8)
