"""RandomFlipPeople: mirrors an image and its people."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmhparse.registry import TRANSFORMS

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class RandomFlipPeople(BaseTransform):
    """Mirrors image, maps and joints left to right, and exchanges left and right parts and joints.

    Required keys: img, annotation, skeleton, part_set. Modified keys: img, annotation.

    Args:
        prob: Share of the images that are mirrored, in [0, 1].

    Raises:
        ValueError: If ``prob`` is outside [0, 1], or image and annotation differ in size.
    """

    def __init__(self, prob: float = 0.5):
        if not 0 <= prob <= 1:
            raise ValueError(f'expected prob in [0, 1], got {prob}.')
        self.prob = prob

    @cache_randomness
    def _flips(self) -> bool:
        return np.random.rand() < self.prob

    def transform(self, results: dict) -> dict:
        check_annotation_size(results)
        if self._flips():
            results['img'] = cv2.flip(results['img'], 1)
            results['annotation'] = results['annotation'].flipped(results['skeleton'], results['part_set'])
        return results
