"""PackHumanParseInputs: the dict of the pipeline -> tensors and a data sample for the model."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData

from mmhparse.registry import TRANSFORMS
from mmhparse.structures import HumanParseDataSample, LabelledPeople, ParseAnnotation

from .annotation_size import check_annotation_size


@TRANSFORMS.register_module()
class PackHumanParseInputs(BaseTransform):
    """Packs image and truth as ``inputs`` and ``data_samples``.

    ``inputs`` is a (3, H, W) uint8 tensor in BGR. The :class:`HumanParseDataSample` holds what is known: ``gt_people``
    (``joints`` (P, K, 3) and ``bboxes`` (P, 4) float32, ``areas`` (P,) int64 pixels of the person map), ``gt_parsing``
    (``part_map`` uint8 and ``person_map`` int32, both (1, H, W)) and ``gt_fields``. Without an annotation, as in
    inference, it has metainfo only.

    Required keys: img. Optional keys: annotation, fields and those of ``meta_keys``.

    Args:
        meta_keys: Keys that become metainfo where they are present. With ``img_path`` goes ``exif``, how that image was
            read.

    Raises:
        ValueError: If the annotation is neither of the size of the image nor of that of the original image.
    """

    def __init__(self, meta_keys: Sequence[str] = ('img_path', 'img_id', 'ori_shape', 'img_shape', 'flip')):
        self.meta_keys = (*meta_keys, *(['exif'] if 'img_path' in meta_keys else []))

    def transform(self, results: dict) -> dict:
        data_sample = HumanParseDataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        if 'annotation' in results:
            check_annotation_size(results, allow_original=True)
            annotation = results['annotation']
            data_sample.gt_people = _people(annotation)
            data_sample.gt_parsing = PixelData(
                part_map=torch.from_numpy(annotation.part_map)[None],
                person_map=torch.from_numpy(annotation.person_map)[None],
            )
        if 'fields' in results:
            data_sample.gt_fields = results['fields']
        inputs = torch.from_numpy(np.stack(cv2.split(results['img'])))
        return {'inputs': inputs, 'data_samples': data_sample}


def _people(annotation: ParseAnnotation) -> LabelledPeople:
    areas = np.bincount(annotation.person_map.ravel(), minlength=len(annotation) + 1)
    return LabelledPeople(
        joints=torch.from_numpy(annotation.joints),
        bboxes=torch.from_numpy(annotation.boxes),
        areas=torch.from_numpy(areas[1 : len(annotation) + 1]),
    )
