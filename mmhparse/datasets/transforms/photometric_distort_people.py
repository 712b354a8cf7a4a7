"""PhotometricDistortPeople: random brightness, contrast, saturation and hue."""

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmhparse.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PhotometricDistortPeople(BaseTransform):
    """Changes brightness, contrast, saturation and hue, each in half of the images, and makes a few images grey.

    Required keys: img. Modified keys: img.

    Args:
        brightness, contrast, saturation: Factors are uniform from 1 - value to 1 + value, value in [0, 1].
        hue: Maximum rotation of the hue to either side, as a share of the colour circle, in [0, 0.5].
        grey_prob: Share of the images that become grey, in [0, 1].

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        brightness: float = 0.3,
        contrast: float = 0.3,
        saturation: float = 0.3,
        hue: float = 0.03,
        grey_prob: float = 0.05,
    ):
        if not all(0 <= value <= 1 for value in (brightness, contrast, saturation, grey_prob)) or not 0 <= hue <= 0.5:
            raise ValueError(
                'expected brightness, contrast, saturation and grey_prob in [0, 1] and hue in [0, 0.5], got '
                f'{brightness}, {contrast}, {saturation}, {grey_prob} and {hue}.'
            )
        self.spreads = np.array([brightness, contrast, saturation, hue])
        self.grey_prob = grey_prob

    @cache_randomness
    def _random_changes(self) -> np.ndarray:
        """(4,) changes of brightness, contrast, saturation and hue; 0 for unchanged ones."""
        return np.random.uniform(-self.spreads, self.spreads) * (np.random.rand(4) < 0.5)

    @cache_randomness
    def _greys(self) -> bool:
        return np.random.rand() < self.grey_prob

    def transform(self, results: dict) -> dict:
        image = results['img']
        brightness, contrast, saturation, hue = self._random_changes()
        if brightness:
            image = mmcv.adjust_brightness(image, 1 + brightness)
        if contrast:
            image = mmcv.adjust_contrast(image, 1 + contrast)
        if saturation:
            image = mmcv.adjust_color(image, 1 + saturation)
        if hue:
            image = _rotate_hue(image, hue)
        if self._greys():
            image = mmcv.gray2bgr(mmcv.bgr2gray(image))
        results['img'] = image
        return results


def _rotate_hue(image: np.ndarray, share: float) -> np.ndarray:
    """The image with rotated hues. (``mmcv.adjust_hue`` overflows under NumPy 2 for negative rotations.)"""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] += np.uint8(round(share * 256) % 256)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)
