"""Affine warps of image, maps and joints, shared by the geometric transforms."""

import cv2
import numpy as np

from mmhparse.structures import ImageGeometry

GREY = (104, 116, 124)
"""Colour (B, G, R) outside of an image: about the mean of photos."""


def warp_people(results: dict, matrix: np.ndarray, size: tuple[int, int], border: tuple[int, int, int] = GREY) -> None:
    """Warps ``img`` and ``annotation``, and sets ``img_shape``; people outside of the result are removed.

    Args:
        results: The sample, changed in place.
        matrix: (2, 3) float; from old to new pixel coordinates, pixel centres at integers.
        size: (W, H) of the result.
        border: Colour (B, G, R) outside the old image.
    """
    results['img'] = warp_image(results['img'], matrix, size, border)
    results['img_shape'] = results['img'].shape[:2]
    results['annotation'] = results['annotation'].warped(matrix, size).without_absent()


def warp_image(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: tuple[int, int, int] | None = GREY
) -> np.ndarray:
    """The image after an affine map, interpolated linearly, without aliasing where it shrinks.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 3) float; from old to new pixel coordinates, pixel centres at integers.
        size: (W, H) of the result.
        border: Colour outside of the old image; None repeats its nearest pixel.
    """
    image, matrix = _needed(image, matrix, size)
    shrink = _zoom(matrix)
    if shrink < 1:
        # linear interpolation reads four pixels, however many a new pixel covers: shrink by averaging first
        height, width = image.shape[:2]
        smaller = max(round(width * shrink), 1), max(round(height * shrink), 1)
        image = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
        matrix = _after(matrix, ImageGeometry((width, height), smaller).matrix)
    if border is None:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=border)


def _needed(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The part of the image inside the view, and the affine map from its pixels."""
    height, width = image.shape[:2]
    corners = np.array([[-1, -1], [size[0], -1], [-1, size[1]], size], np.float64)
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    margin = np.ceil(2 / min(_zoom(matrix), 1))
    low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    left, top = np.clip(np.floor(low), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(high), (left + 1, top + 1), (width, height)).astype(int)
    moved = _after(matrix, np.array([[1.0, 0, -left], [0, 1, -top]]))
    return image[top:bottom, left:right], moved


def _zoom(matrix: np.ndarray) -> float:
    return np.sqrt(abs(np.linalg.det(matrix[:, :2])))


def _after(matrix: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The affine map from the coordinates after ``step`` to those after ``matrix``: matrix @ step^-1."""
    return matrix @ np.linalg.inv(np.vstack([step, [0, 0, 1]]))
