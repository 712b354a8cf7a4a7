"""DensePose-COCO's masks of 14 parts, each in the frame of its person's box."""

from collections.abc import Sequence

import numpy as np

from mmhparse.structures import DENSEPOSE_14

from .coco_masks import decode_runs

GRID = 256
"""Rows and columns of a mask, whatever the box."""
NUM_MASKS = len(DENSEPOSE_14) - 1


def densepose_part_map(dp_masks: Sequence, box: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    """The parts of one person in its image.

    Where masks overlap, the later part counts. Each pixel of :func:`box_frame` takes the nearest cell of the grid, as
    in the release's own notebook.

    Args:
        dp_masks: 14 run-length codes of 256 x 256; empty lists for parts that are not visible.
        box: The annotation's bbox, x, y, w, h.
        size: (H, W) of the image.

    Returns:
        (H, W) uint8 classes of ``DENSEPOSE_14``; 0 where no part is painted.

    Raises:
        ValueError: If there are not 14 masks, one is broken or of another size, or the box has no pixel in the image.
    """
    if len(dp_masks) != NUM_MASKS:
        raise ValueError(f'expected {NUM_MASKS} dp_masks, got {len(dp_masks)}.')
    rows, columns = box_frame(box, size)
    grid = np.zeros((GRID, GRID), np.uint8)
    for part, code in enumerate(dp_masks, start=1):
        if code not in ([], None):
            if isinstance(code, dict) and code.get('size') != [GRID, GRID]:
                raise ValueError(f'mask of part {part}: expected {GRID} x {GRID}, got {str(code.get("size"))[:60]}.')
            grid[decode_runs(code)] = part
    part_map = np.zeros(size, np.uint8)
    cells = np.ix_(nearest_cells(rows.stop - rows.start), nearest_cells(columns.stop - columns.start))
    part_map[rows, columns] = grid[cells]
    return part_map


def box_frame(box: Sequence[float], size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that the grid is stretched over.

    The numbers of the box are truncated to integers and clipped to the image before the stretching: at the border,
    masks are squeezed and not cut. For example the box [-10.5, 3.9, 30.7, 8.2] becomes x = -10, y = 3, 30 wide and 8
    high, and so the columns 0 to 19 and the rows 3 to 10.

    Raises:
        ValueError: If no pixel is left.
    """
    if not np.isfinite(box).all():
        raise ValueError(f'expected a box of four numbers, got {list(box)}.')
    x, y, width, height = (int(value) for value in box)
    rows = slice(max(y, 0), min(y + height, size[0]))
    columns = slice(max(x, 0), min(x + width, size[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise ValueError(f'the box {list(box)} has no pixel in an image of {size[0]} x {size[1]} (height x width).')
    return rows, columns


def nearest_cells(pixels: int) -> np.ndarray:
    """(N,) the cell of the grid that each of N pixels in a row takes: floor(256 n / N).

    This is OpenCV's nearest neighbour, but exact: where 256 n / N is an integer, OpenCV's rounding takes the cell
    before it in one of a few hundred cases.
    """
    return np.arange(pixels) * GRID // pixels
