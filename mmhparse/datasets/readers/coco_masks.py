"""Masks as COCO writes them: polygons, run-length codes, boxes."""

import numpy as np
from pycocotools import mask as coco_mask


def segmentation_mask(segmentation: list | dict, size: tuple[int, int]) -> np.ndarray:
    """The mask of polygons or of a run-length code.

    Args:
        segmentation: Polygons [x, y, x, y, ...], each of at least three corners (fewer enclose nothing and are left
            out), or a code as :func:`decode_runs` takes it.
        size: (H, W) of the image.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the code is of another size or broken.
    """
    if isinstance(segmentation, dict):
        if tuple(segmentation['size']) != tuple(size):
            raise ValueError(
                f'expected a mask of the size of its image, {tuple(size)} (height, width), got '
                f'{tuple(segmentation["size"])}.'
            )
        return decode_runs(segmentation)
    # pycocotools would take four numbers for a box
    polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
    if not polygons:
        return np.zeros(size, bool)
    code = coco_mask.merge(coco_mask.frPyObjects(polygons, *size))
    # pycocotools decodes down the columns; bringing only the person's window into rows is a fraction of the work
    x, y, width, height = (int(value) for value in coco_mask.toBbox(code))
    window = slice(y, y + height), slice(x, x + width)
    mask = np.zeros(size, bool)
    mask[window] = coco_mask.decode(code)[window]
    return mask


def decode_runs(code: dict) -> np.ndarray:
    """The mask of a run-length code: runs of 0 and 1 in turn, 0 first, down the columns.

    pycocotools decodes the same codes, but where the runs of a broken one end too early it returns memory that was
    never written.

    Args:
        code: ``size`` (H, W) and ``counts``: the runs, or a string of them as COCO compresses them.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the runs do not fill the mask exactly.
    """
    height, width = code['size']
    counts = code['counts']
    runs = _unpack_runs(counts) if isinstance(counts, str | bytes) else np.asarray(counts, np.int64)
    if (runs < 0).any() or runs.sum() != height * width:
        raise ValueError(
            f'broken run-length code: {len(runs)} runs of {runs.sum()} pixels do not fill {height} x {width}.'
        )
    mask = np.zeros((height, width), bool)
    ends = np.cumsum(runs)
    if len(runs) > 1:
        # only the columns that the mask reaches
        first, beyond = ends[0] // height, -(-ends[len(runs) // 2 * 2 - 1] // height)
        runs = np.diff(np.clip(ends, first * height, beyond * height), prepend=first * height)
        columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(beyond - first, height)
        mask[:, first:beyond] = columns.T
    return mask


def _unpack_runs(packed: str | bytes) -> np.ndarray:
    """(N,) int64 runs of COCO's compressed code.

    Each number is written as groups of five bits, lowest first, in the characters from '0' on, with 32 added to all
    groups but its last; its sign is the highest bit of the last. From the fourth on, runs are written as the difference
    to the run before the last.
    """
    characters = packed.encode() if isinstance(packed, str) else packed
    groups = np.frombuffer(characters, np.uint8).astype(np.int64) - ord('0')
    last = groups & 32 == 0
    if not len(groups) or groups.min() < 0 or groups.max() > 63 or not last[-1]:
        raise ValueError(f'broken run-length code: {packed[:20]!r} ... is not a list of numbers.')
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    lengths = np.diff(np.append(starts, len(groups)))
    place = np.arange(len(groups)) - np.repeat(starts, lengths)
    if lengths.max() > 7:
        raise ValueError(f'broken run-length code: a number of {lengths.max()} groups; images have at most 7.')
    runs = np.add.reduceat((groups & 31) << (5 * place), starts)
    runs -= (groups[last] & 16 > 0).astype(np.int64) << (5 * lengths)
    runs[1::2], runs[2::2] = np.cumsum(runs[1::2]), np.cumsum(runs[2::2])
    return runs


def box_mask(box: list[float], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool; the pixels that a box x, y, w, h touches; none if it has no area."""
    x, y, width, height = box
    mask = np.zeros(size, bool)
    if np.isfinite(box).all() and width > 0 and height > 0:
        rows = slice(max(int(np.floor(y)), 0), max(int(np.ceil(y + height)), 0))
        columns = slice(max(int(np.floor(x)), 0), max(int(np.ceil(x + width)), 0))
        mask[rows, columns] = True
    return mask
