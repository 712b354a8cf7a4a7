"""Masks as COCO writes them: polygons, run-length codes, boxes. Nothing unchecked reaches pycocotools.

pycocotools reserves memory by the length of an outline: a corner that is NaN, infinite or 1e8 pixels away ends the
process, without an exception.
"""

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from .image_files import most_pixels

LONGEST_OUTLINE = 4_000_000
"""Pixels; no outline in a photo is as long, and pycocotools takes some 100 bytes a pixel of it."""


def check_segmentation(segmentation: Any) -> None:
    """Checks the form of a ``segmentation``, its types and counts; :func:`segmentation_mask` checks the numbers.

    Raises:
        ValueError: If it is neither a list of polygons nor a run-length code.
    """
    if isinstance(segmentation, dict):
        _check_code(segmentation)
        return
    if not isinstance(segmentation, list | tuple) or not all(isinstance(polygon, list) for polygon in segmentation):
        raise ValueError(
            'expected polygons [[x, y, x, y, ...], ...] or one run-length code {"size": ..., "counts": ...}, got '
            f'{str(segmentation)[:60]}.'
        )
    for polygon in segmentation:
        if not set(map(type, polygon)) <= {int, float}:
            raise ValueError(f'expected a polygon of numbers [x, y, x, y, ...], got {str(polygon)[:60]}.')
        if len(polygon) % 2 or len(polygon) == 2:
            raise ValueError(
                f'expected all corners of a polygon in one list, x, y, x, y, x, y, ..., got {str(polygon)[:60]}.'
            )


def _check_outlines(polygons: list[list[float]], size: tuple[int, int]) -> None:
    """Raises if a corner lies farther from the image (H, W) than its sides are long, or the outlines are too long."""
    height, width = size
    length = 0.0
    for polygon in polygons:
        for values, side, axis in ((polygon[::2], width, 'x'), (polygon[1::2], height, 'y')):
            # compared in Python, where integers have any size, and with NaN every comparison is false
            wrong = next((value for value in values if not -side <= value <= 2 * side), None)
            if wrong is not None:
                raise ValueError(
                    f'expected corners in or near the image of {width} x {height} pixels (width x height), got '
                    f'{axis} = {str(wrong)[:30]}.'
                )
        corners = np.array(polygon, np.float64).reshape(-1, 2)  # (corners, 2)
        steps = np.abs(corners - np.roll(corners, 1, axis=0))  # (corners, 2)
        length += float(steps.max(axis=1).sum())
    if length > LONGEST_OUTLINE:
        raise ValueError(f'the outlines are {length:.0f} pixels long; expected at most {LONGEST_OUTLINE}.')


def segmentation_mask(segmentation: Any, size: tuple[int, int]) -> np.ndarray:
    """The mask of polygons or of a run-length code.

    Args:
        segmentation: A list of polygons [x, y, x, y, ...], each of at least three corners (two enclose nothing and are
            left out), or a code as :func:`decode_runs` takes it.
        size: (H, W) of the image.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If it is of another form (:func:`check_segmentation`), a polygon has a corner that is not a number
            or far from the image, or a code is of another size or its runs do not fill the mask.
    """
    check_segmentation(segmentation)
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
    _check_outlines(polygons, size)
    code = coco_mask.merge(coco_mask.frPyObjects(polygons, *size))
    # pycocotools decodes column by column: copying only the person's window into rows is a fraction of the work
    x, y, width, height = (int(value) for value in coco_mask.toBbox(code))
    window = slice(y, y + height), slice(x, x + width)
    mask = np.zeros(size, bool)
    mask[window] = coco_mask.decode(code)[window]
    return mask


def decode_runs(code: Any) -> np.ndarray:
    """The mask of a run-length code: the lengths of runs of 0 and of 1, alternating, 0 first, column by column.

    For example ``size = [2, 3]`` and ``counts = [1, 2, 3]`` are 0 | 1 1 | 0 0 0 down the columns::

        0 1 0
        1 0 0

    pycocotools decodes the same codes, but where the runs of a broken one end too early it returns memory that was
    never written.

    Args:
        code: A dict of ``size`` (H, W) and ``counts``: the runs, or a string of them as COCO compresses them.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: If the code is of another form, or the runs do not fill the mask exactly.
    """
    _check_code(code)
    height, width = code['size']
    counts, pixels = code['counts'], height * width
    if isinstance(counts, str | bytes):
        runs = _unpack_runs(counts)
    else:
        runs = np.array([min(max(run, -1), pixels + 1) for run in counts], np.int64)
    if (runs < 0).any() or (runs > pixels).any() or runs.sum() != pixels:
        raise ValueError(f'broken run-length code: its {len(runs)} runs do not fill {height} x {width} pixels.')
    mask = np.zeros((height, width), bool)
    ends = np.cumsum(runs)
    if len(runs) > 1 and pixels:
        # Only the columns that the mask reaches: from the end of the first run of 0 to that of the last run of 1, which
        # is the last run at an odd place. In the example, ends = [1, 3, 6] and height = 2: columns 0 and 1.
        first, beyond = ends[0] // height, -(-ends[len(runs) // 2 * 2 - 1] // height)
        runs = np.diff(np.clip(ends, first * height, beyond * height), prepend=first * height)
        columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(beyond - first, height)
        mask[:, first:beyond] = columns.T
    return mask


def _check_code(code: Any) -> None:
    """Checks the types of a run-length code."""
    if not isinstance(code, dict) or 'size' not in code or 'counts' not in code:
        raise ValueError(f'expected a run-length code {{"size": ..., "counts": ...}}, got {str(code)[:60]}.')
    size, counts = code['size'], code['counts']
    if not isinstance(size, list | tuple) or [type(side) for side in size] != [int, int] or min(size) < 0:
        raise ValueError(f'run-length code: expected a size of two integers [height, width], got {str(size)[:60]}.')
    limit = most_pixels()
    if limit is not None and size[0] * size[1] > limit:
        raise ValueError(f'run-length code: expected a size of at most {limit} pixels, got {str(size)[:60]}.')
    if not isinstance(counts, str | bytes) and not (isinstance(counts, list) and set(map(type, counts)) <= {int}):
        raise ValueError(f'run-length code: expected counts as text or a list of integers, got {str(counts)[:60]}.')


def _unpack_runs(packed: str | bytes) -> np.ndarray:
    """(N,) int64 runs of COCO's compressed code.

    Each number is written as groups of five bits, lowest first, in the characters from '0' on, with 32 added to all
    groups but its last; its sign is the highest bit of the last. From the fourth run on, the difference to the run two
    places before it is written. For example '52203' is 5, 2, 2, 0 and 3: the runs 5, 2, 2, 0 + 2 = 2 and 3 + 2 = 5;
    'X1' is one number, 40 = 8 + 1 * 32, and 'N' is -2 = 30 - 32.
    """
    characters = packed.encode(errors='surrogatepass') if isinstance(packed, str) else packed
    groups = np.frombuffer(characters, np.uint8).astype(np.int64) - ord('0')  # (characters,)
    last = groups & 32 == 0
    if not len(groups) or groups.min() < 0 or groups.max() > 63 or not last[-1]:
        raise ValueError(f'broken run-length code: {packed[:20]!r} ... is not a list of numbers.')
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])  # (N,)
    lengths = np.diff(np.append(starts, len(groups)))
    place = np.arange(len(groups)) - np.repeat(starts, lengths)
    if lengths.max() > 7:
        raise ValueError(f'broken run-length code: a number of {lengths.max()} groups; images have at most 7.')
    runs = np.add.reduceat((groups & 31) << (5 * place), starts)  # (N,)
    runs -= (groups[last] & 16 > 0).astype(np.int64) << (5 * lengths)
    # sums over every other number: runs 1, 3, 5 ... and 2, 4, 6 ...; the first run stands alone
    runs[1::2], runs[2::2] = np.cumsum(runs[1::2]), np.cumsum(runs[2::2])
    return runs


def encode_mask(mask: np.ndarray) -> dict:
    """A mask (H, W) as COCO's compressed run-length code, in plain types that JSON can represent."""
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    counts = code['counts']
    return dict(size=list(mask.shape), counts=counts if isinstance(counts, str) else counts.decode())


def box_mask(box: list[float], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool; the pixels that a box x, y, width, height touches; none if it has no area or is not finite."""
    x, y, width, height = box
    mask = np.zeros(size, bool)
    if np.isfinite(box).all() and width > 0 and height > 0:
        rows = slice(max(int(np.floor(y)), 0), max(int(np.ceil(y + height)), 0))
        columns = slice(max(int(np.floor(x)), 0), max(int(np.ceil(x + width)), 0))
        mask[rows, columns] = True
    return mask
