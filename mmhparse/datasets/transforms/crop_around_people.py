"""CropAroundPeople: a crop to the people of an image."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmhparse.registry import TRANSFORMS
from mmhparse.structures import ParseAnnotation

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class CropAroundPeople(BaseTransform):
    """Crops the image to all of its people, or to one of them, with some margin.

    Pixels are not resampled, so crops differ in size: let ``ResizePeople`` or ``RandomAffinePeople`` follow. A crop
    never extends beyond the image. Other people in the crop stay and those outside are removed; an image without people
    is not cropped.

    Required keys: img, annotation. Modified keys: img, img_shape, annotation.

    Args:
        one_prob: Share of the crops that are around one random person, in [0, 1].
        margin: Minimum and maximum margin as a share of the longer side of the people's box, uniform for each of the
            four sides.

    Raises:
        ValueError: If an argument is out of its range, or image and annotation differ in size.
    """

    def __init__(self, one_prob: float = 0.5, margin: tuple[float, float] = (0.05, 0.4)):
        if not 0 <= one_prob <= 1 or not 0 <= margin[0] <= margin[1]:
            raise ValueError(
                f'expected one_prob in [0, 1] and margin 0 <= low <= high, got {one_prob} and {tuple(margin)}.'
            )
        self.one_prob = one_prob
        self.margin = tuple(margin)

    def transform(self, results: dict) -> dict:
        check_annotation_size(results)
        annotation = results['annotation']
        if len(annotation):
            left, top, right, bottom = self._random_view(annotation)
            results['img'] = np.ascontiguousarray(results['img'][top:bottom, left:right])
            results['img_shape'] = results['img'].shape[:2]
            shift = np.array([[1.0, 0, -left], [0, 1, -top]])
            results['annotation'] = annotation.warped(shift, (right - left, bottom - top)).without_absent()
        return results

    @cache_randomness
    def _random_view(self, annotation: ParseAnnotation) -> np.ndarray:
        """(4,) int; left, top, right and bottom of the crop, the last two exclusive."""
        boxes = annotation.boxes
        if np.random.rand() < self.one_prob:
            boxes = boxes[np.random.randint(len(boxes))][None]
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0) + 1
        margins = np.random.uniform(*self.margin, size=4) * (high - low).max()
        width, height = annotation.size
        view = np.concatenate([np.floor(low - margins[:2]), np.ceil(high + margins[2:])])
        # the box of a person with joints alone may be outside of the image: keep at least one pixel
        low, high = np.clip(view[:2], 0, (width - 1, height - 1)), np.clip(view[2:], 1, (width, height))
        return np.concatenate([low, np.maximum(high, low + 1)]).astype(int)
