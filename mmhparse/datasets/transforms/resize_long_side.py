"""ResizeLongSide: resizes an image for the network, without its annotation."""

import cv2
from mmcv.transforms import BaseTransform

from mmhparse.registry import TRANSFORMS

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class ResizeLongSide(BaseTransform):
    """Resizes the image so that its longer side has ``long_side`` pixels, with the same aspect ratio.

    For evaluation and inference: people are scored in pixels of the original image, so an annotation is not resized.

    Required keys: img. Modified keys: img, img_shape.

    Args:
        long_side: Pixels of the longer side.
        enlarge: Whether smaller images are enlarged.

    Raises:
        ValueError: If ``long_side`` is not positive, or image and annotation differ in size.
    """

    def __init__(self, long_side: int, enlarge: bool = True):
        if long_side < 1:
            raise ValueError(f'expected long_side >= 1 pixel, got {long_side}.')
        self.long_side = long_side
        self.enlarge = enlarge

    def transform(self, results: dict) -> dict:
        if 'annotation' in results:
            check_annotation_size(results)
        height, width = results['img'].shape[:2]
        scale = self.long_side / max(height, width)
        if scale < 1 or (scale > 1 and self.enlarge):
            size = max(round(width * scale), 1), max(round(height * scale), 1)
            # only area averaging shrinks without aliasing
            interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            results['img'] = cv2.resize(results['img'], size, interpolation=interpolation)
        results['img_shape'] = results['img'].shape[:2]
        return results
