"""Part maps as coloured overlays."""

import numpy as np

from mmhparse.structures import IGNORE, PartSet, get_part_set

from .canvas import start_drawing

_IGNORED = (200, 200, 200)


def draw_parts(image: np.ndarray, part_map: np.ndarray, part_set: str | PartSet, alpha: float = 0.6) -> np.ndarray:
    """Draws each part in its colour of the part set; the background is left out, ignored pixels become light grey.

    Args:
        image: (H, W, 3) uint8 RGB.
        part_map: (H, W) integers; part class, 0 = background, 255 = ignore.
        part_set: Name of a part set, or one.
        alpha: Opacity of the overlay, in [0, 1].

    Raises:
        ValueError: If the map has another size than the image, holds no integers or a class that the part set lacks.
    """
    canvas = start_drawing(image)
    part_set = get_part_set(part_set)
    check_label_map('part_map', part_map, canvas)
    shown = part_map > 0  # (H, W)
    labels = part_map[shown].astype(np.int64)  # (pixels,)
    if labels.size and labels[labels != IGNORE].max(initial=0) >= len(part_set):
        raise ValueError(
            f"part_map holds class {labels[labels != IGNORE].max()}, but part set '{part_set.name}' has classes 0 to "
            f'{len(part_set) - 1}.'
        )
    colours = np.full((IGNORE + 1, 3), _IGNORED, dtype=np.float32)
    colours[: len(part_set)] = part_set.palette
    canvas[shown] = np.rint((1 - alpha) * canvas[shown] + alpha * colours[labels])
    return canvas


def check_label_map(name: str, label_map: np.ndarray, image: np.ndarray) -> None:
    """Refuses a map of labels that does not belong to the image.

    Raises:
        ValueError: If ``label_map`` is not (H, W) of the image, or holds no integers.
    """
    if label_map.shape != image.shape[:2]:
        raise ValueError(f'{name} must be (H, W) = {image.shape[:2]} as the image, got {label_map.shape}.')
    if label_map.dtype.kind not in 'iub':
        raise ValueError(f'{name} must hold integers, got {label_map.dtype}.')
