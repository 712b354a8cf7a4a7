"""FlipImage: a mirrored view of an image for test-time augmentation."""

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from mmhparse.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FlipImage(BaseTransform):
    """Mirrors the image, or does not, and records which; the truth stays that of the original image.

    Required keys: img. Modified keys: img. Added keys: flip.

    Args:
        flip: Whether to mirror.
    """

    def __init__(self, flip: bool):
        self.flip = flip

    def transform(self, results: dict) -> dict:
        if self.flip:
            results['img'] = np.ascontiguousarray(mmcv.imflip(results['img']))
        results['flip'] = self.flip
        return results
