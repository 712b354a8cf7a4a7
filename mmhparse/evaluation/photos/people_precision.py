"""Average precision of people by their joints and by their masks, with COCO's own evaluator."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhparse.structures import COCO_17

from .annotated_photos import AnnotatedPerson
from .judged_photo import JudgedPhoto, run_lengths

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


def joint_precision(judged: Sequence[JudgedPhoto]) -> Precision:
    """OKS AP of all photos.

    People without joints and crowds are ignored; so is a prediction near the box of one of them (doubled in size). The
    scale of a person is the root of its area, see :class:`AnnotatedPerson`.
    """
    truth, found = [], []
    for number, own in enumerate(judged):
        truth += [_true_row(person) | {'image_id': number} for person in own.photo.people]
        for keypoints, score in zip(own.keypoints, own.scores, strict=True):
            triples = np.column_stack([keypoints, np.ones(len(keypoints))])
            found.append({'image_id': number, 'score': float(score), 'keypoints': triples.ravel().tolist()})
    return _precision(judged, truth, found, 'keypoints')


def mask_precision(judged: Sequence[JudgedPhoto]) -> Precision:
    """Mask AP of the photos on which every person has a mask."""
    truth, found = [], []
    for number, own in enumerate(judged):
        if not own.photo.masks_complete:
            continue
        for person in own.photo.people:
            assert person.mask is not None
            truth.append(_true_row(person) | {'image_id': number, 'segmentation': run_lengths(person.mask)})
        for mask, score in zip(own.masks, own.scores, strict=True):
            if mask is not None:
                found.append({'image_id': number, 'score': float(score), 'segmentation': mask})
    return _precision(judged, truth, found, 'segm')


def _true_row(person: AnnotatedPerson) -> dict:
    return {
        'bbox': person.box.tolist(),
        'area': person.area,
        'iscrowd': int(person.excuses_predictions),
        'keypoints': person.joints.ravel().tolist(),
        'num_keypoints': int(person.labelled.sum()),
    }


def _precision(
    judged: Sequence[JudgedPhoto], truth: list[dict], found: list[dict], kind: Literal['keypoints', 'segm']
) -> Precision:
    wanted = [row for row in truth if not row['iscrowd'] and (kind == 'segm' or row['num_keypoints'])]
    if not wanted:
        return Precision(float('nan'), float('nan'), 0, len(found))
    if not found:
        return Precision(0.0, 0.0, len(wanted), 0)
    # Any: pycocotools takes more than its type stubs say
    dataset: Any = {
        'images': [
            {'id': number, 'height': own.photo.size[0], 'width': own.photo.size[1]} for number, own in enumerate(judged)
        ],
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
