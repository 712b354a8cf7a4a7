"""merge_runs: label maps as runs of equal pixels, which are far fewer than pixels."""

import itertools
from collections.abc import Sequence

import numpy as np

_WORTH_MERGING = 4
"""Mean length of runs, in pixels, from which on it is faster to count runs than pixels."""


def merge_runs(maps: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray | None]:
    """Replaces each run of neighbouring pixels, in reading order, in which no map changes by one column.

    Example:
        The maps [[0, 0, 0, 2, 2]] and [[0, 0, 1, 1, 1]] become [[0, 0, 2]] and [[0, 1, 1]] with lengths [2, 1, 2].

    Args:
        maps: (layers, H, W) each.

    Returns:
        The maps (layers, N), and the lengths (N,) of the N runs as weights for ``numpy.bincount``. For maps of noise,
        where runs do not pay, all H * W pixels and None.
    """
    flat = [array.reshape(len(array), -1) for array in maps]  # (layers, H * W)
    is_end = np.zeros(flat[0].shape[1], bool)  # (H * W,)
    is_end[-1:] = True
    changes = np.empty_like(is_end[1:])  # one for all layers: fresh memory takes longer than the comparison
    for layer in itertools.chain(*flat):
        np.not_equal(layer[1:], layer[:-1], out=changes)
        is_end[:-1] |= changes
    if _WORTH_MERGING * np.count_nonzero(is_end) > len(is_end):
        return flat, None
    ends = np.flatnonzero(is_end)  # (N,)
    lengths = ends + 1  # of all runs up to each one
    lengths[1:] -= ends[:-1] + 1
    return [array.take(ends, axis=1) for array in flat], lengths


def count_cells(cells: np.ndarray, lengths: np.ndarray | None, num_cells: int) -> np.ndarray:
    """Counts the pixels of each cell of a table.

    Args:
        cells: (N,) index of each run or pixel.
        lengths: (N,) of the runs; None for pixels.
        num_cells: Size of the table.

    Returns:
        (num_cells,) int64.
    """
    # numpy adds up weights in float64, which is exact up to 2 ** 53 pixels
    return np.bincount(cells, lengths, num_cells).astype(np.int64, copy=False)
