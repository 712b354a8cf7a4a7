"""Average precision of people by their joints and by their masks, with COCO's own evaluator."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhparse.structures import COCO_17

from .annotated_photos import AnnotatedPerson, AnnotatedPhoto, ParsedPhoto

_PERSON = 1


@dataclass(frozen=True)
class Precision:
    """Average precision, as fractions; NaN if there is nobody to find.

    Attributes:
        ap: Mean over thresholds 0.50, 0.55 ... 0.95 of OKS or IoU.
        ap50: At 0.50.
        people: How many people there were to find.
        predictions: How many were predicted.
    """

    ap: float
    ap50: float
    people: int
    predictions: int


def joint_precision(photos: Sequence[AnnotatedPhoto], parsed: Sequence[ParsedPhoto]) -> Precision:
    """OKS AP of all photos.

    People without joints and crowds are ignored; so is a prediction near the box of one of them (doubled in size). The
    scale of a person is the root of its area, see :class:`AnnotatedPerson`.

    Args:
        photos: The truth.
        parsed: What was found, in the same order.
    """
    truth, found = [], []
    for number, (photo, prediction) in enumerate(zip(photos, parsed, strict=True)):
        truth += [_true_row(person) | {'image_id': number} for person in photo.people]
        for keypoints, score in zip(prediction.keypoints, prediction.scores, strict=True):
            triples = np.column_stack([keypoints, np.ones(len(keypoints))])
            found.append({'image_id': number, 'score': float(score), 'keypoints': triples.ravel().tolist()})
    return _precision(photos, truth, found, 'keypoints')


def mask_precision(photos: Sequence[AnnotatedPhoto], parsed: Sequence[ParsedPhoto]) -> Precision:
    """Mask AP of the photos on which every person has a mask.

    Args:
        photos: The truth.
        parsed: What was found, in the same order.
    """
    truth, found = [], []
    for number, (photo, prediction) in enumerate(zip(photos, parsed, strict=True)):
        if not photo.masks_complete:
            continue
        for person in photo.people:
            assert person.mask is not None
            truth.append(_true_row(person) | {'image_id': number, 'segmentation': _run_lengths(person.mask)})
        for index, score in enumerate(prediction.scores):
            mask = prediction.mask(index)
            if mask.any():
                found.append({'image_id': number, 'score': float(score), 'segmentation': _run_lengths(mask)})
    return _precision(photos, truth, found, 'segm')


def _true_row(person: AnnotatedPerson) -> dict:
    return {
        'bbox': person.box.tolist(),
        'area': person.area,
        'iscrowd': int(person.excuses_predictions),
        'keypoints': person.joints.ravel().tolist(),
        'num_keypoints': int(person.labelled.sum()),
    }


def _run_lengths(mask: np.ndarray) -> Any:
    return coco_mask.encode(np.asfortranarray(mask, np.uint8))


def _precision(
    photos: Sequence[AnnotatedPhoto], truth: list[dict], found: list[dict], kind: Literal['keypoints', 'segm']
) -> Precision:
    wanted = [row for row in truth if not row['iscrowd'] and (kind == 'segm' or row['num_keypoints'])]
    if not wanted:
        return Precision(float('nan'), float('nan'), 0, len(found))
    if not found:
        return Precision(0.0, 0.0, len(wanted), 0)
    # Any: pycocotools takes more than its type stubs say
    dataset: Any = {
        'images': [{'id': n, 'height': photo.size[0], 'width': photo.size[1]} for n, photo in enumerate(photos)],
        'categories': [{'id': _PERSON, 'name': 'person'}],
        # pycocotools takes id 0 for "not matched"
        'annotations': [row | {'id': number, 'category_id': _PERSON} for number, row in enumerate(truth, start=1)],
    }
    results: Any = [row | {'category_id': _PERSON} for row in found]
    coco = COCO()
    coco.dataset = dataset
    with redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        coco.createIndex()
        evaluator = COCOeval(coco, coco.loadRes(results), kind)
        evaluator.params.kpt_oks_sigmas = np.array(COCO_17.sigmas)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return Precision(float(evaluator.stats[0]), float(evaluator.stats[1]), len(wanted), len(found))
