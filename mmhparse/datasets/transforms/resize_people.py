"""ResizePeople: resizes an image and its people."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmhparse.registry import TRANSFORMS
from mmhparse.structures import ImageGeometry

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class ResizePeople(BaseTransform):
    """Resizes image, maps and joints together.

    For training, or to store a data set smaller; to evaluate in pixels of the original image, use ``ResizeLongSide``,
    which does not resize the annotation. People who become smaller than a pixel stay if they have a joint.

    Required keys: img, annotation. Modified keys: img, img_shape, annotation.

    Args:
        size: (W, H) in pixels.
        keep_ratio: Whether to keep the aspect ratio; the image then fits into ``size``, and one of its sides may be
            shorter.

    Raises:
        ValueError: If ``size`` is not positive, or image and annotation differ in size.
    """

    def __init__(self, size: tuple[int, int], keep_ratio: bool = False):
        if min(size) < 1:
            raise ValueError(f'expected a size of at least 1 x 1 pixel, got {tuple(size)}.')
        self.size = size[0], size[1]
        self.keep_ratio = keep_ratio

    def transform(self, results: dict) -> dict:
        check_annotation_size(results)
        geometry = self._geometry(results['annotation'].size)
        results['img'] = _resized(results['img'], geometry.input_size)
        results['img_shape'] = results['img'].shape[:2]
        results['annotation'] = results['annotation'].warped(geometry.matrix, geometry.input_size).without_absent()
        return results

    def _geometry(self, old: tuple[int, int]) -> ImageGeometry:
        if not self.keep_ratio:
            return ImageGeometry(old, self.size)
        scale = min(new / length for new, length in zip(self.size, old, strict=True))
        return ImageGeometry(old, (max(round(old[0] * scale), 1), max(round(old[1] * scale), 1)))


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The image in another size (W, H)."""
    height, width = image.shape[:2]
    # only area averaging shrinks without aliasing, but it shifts pixels where it enlarges
    image = cv2.resize(image, (min(width, size[0]), min(height, size[1])), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
