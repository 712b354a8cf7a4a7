"""Image, maps and joints after one affine map: what all geometric transforms but the mirror do."""

import cv2
import numpy as np

from mhparse.structures import ImageFrame

GREY = (104, 116, 124)
"""Colour (B, G, R) of what lies outside an image: about the mean of photos."""


def warp_people(results: dict, matrix: np.ndarray, size: tuple[int, int], border: tuple[int, int, int] = GREY) -> None:
    """Moves ``img`` and ``annotation``, and sets ``img_shape``; people who are gone are taken out.

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
        border: Colour outside the old image; that of its nearest pixel if None.
    """
    shrink = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrink < 1:
        # Linear interpolation reads four pixels however many a new pixel covers: shrink by averaging first.
        height, width = image.shape[:2]
        smaller = max(round(width * shrink), 1), max(round(height * shrink), 1)
        image = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
        to_smaller = np.vstack([ImageFrame((width, height), smaller).matrix, [0, 0, 1]])
        matrix = matrix @ np.linalg.inv(to_smaller)
    if border is None:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=border)
