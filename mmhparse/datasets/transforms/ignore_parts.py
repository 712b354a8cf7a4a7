"""IgnoreParts: people of whom everything is known but their parts."""

from dataclasses import replace

import numpy as np
from mmcv.transforms import BaseTransform

from mmhparse.registry import TRANSFORMS
from mmhparse.structures import IGNORE

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class IgnoreParts(BaseTransform):
    """Ignores the parts of all people and keeps the background, joints and people as they are.

    Photos whose people were labelled with another part set then serve as scenes: place it right after ``LoadImage``,
    and paste people of this part set after it (:class:`CopyPastePeople` with ``donors``). :class:`PartLoss` with a
    ``somebody_weight`` still learns that these pixels are not background.

    Required keys: img, annotation. Modified keys: annotation.
    """

    def transform(self, results: dict) -> dict:
        check_annotation_size(results)
        annotation = results['annotation']
        unknown = (annotation.person_map > 0) | (annotation.part_map > 0)
        part_map = np.where(unknown, np.uint8(IGNORE), np.uint8(0))
        results['annotation'] = replace(annotation, part_map=part_map)
        return results
