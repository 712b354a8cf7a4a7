"""The prediction of one image as plain Python: what the inferencer returns and writes."""

import numpy as np
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask

from mhparse.structures import HumanParseDataSample, PartSet, Skeleton

from .inputs import InputImage

MAPS = ('part_map', 'person_map')
"""Keys of a prediction that hold arrays; the others are ready for JSON."""


def prediction_of(image: InputImage, sample: HumanParseDataSample, skeleton: Skeleton, part_set: PartSet) -> dict:
    """Collects what was found in one image, in pixels of that image.

    Args:
        image: The input.
        sample: Holds ``pred_people``, ``pred_parsing`` and ``pred_parts``.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.

    Returns:
        A dict with

        - ``name``, ``img_path`` (None for arrays), ``width``, ``height``, ``skeleton``, ``part_set``;
        - ``people``: one dict a person, best first: ``id`` (as in the person map), ``score``, ``bbox`` (x1, y1, x2, y2
          round the joints), ``keypoints`` (K pairs x, y) and ``keypoint_scores`` (K; 0 = not found);
        - ``parts``: one dict for each part of each person: ``label``, ``name``, ``person`` (id), ``score``, ``area``
          (pixels) and ``rle`` (COCO's run-length code of its pixels, ``size`` and ``counts``);
        - ``part_map``: (H, W) uint8, 0 = background; ``person_map``: (H, W) int32, 0 = nobody.

        Without people the lists are empty and the maps 0, apart from parts that belong to nobody.
    """
    part_map = sample.pred_parsing.part_map[0].cpu().numpy().astype(np.uint8)
    person_map = sample.pred_parsing.person_map[0].cpu().numpy().astype(np.int32)
    height, width = part_map.shape
    return {
        'name': image.name,
        'img_path': image.path,
        'width': width,
        'height': height,
        'skeleton': skeleton.name,
        'part_set': part_set.name,
        'people': _people_rows(sample.pred_people),
        'parts': _part_rows(sample.pred_parts, part_map, person_map, part_set),
        'part_map': part_map,
        'person_map': person_map,
    }


def _people_rows(people: InstanceData) -> list[dict]:
    columns = (people.scores, people.bboxes, people.keypoints, people.keypoint_scores)
    return [
        {'id': person, 'score': score, 'bbox': box, 'keypoints': keypoints, 'keypoint_scores': keypoint_scores}
        for person, (score, box, keypoints, keypoint_scores) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True), start=1
        )
    ]


def _part_rows(parts: InstanceData, part_map: np.ndarray, person_map: np.ndarray, part_set: PartSet) -> list[dict]:
    columns = (parts.labels, parts.persons, parts.scores, parts.areas)
    return [
        {
            'label': label,
            'name': part_set.parts[label],
            'person': person,
            'score': score,
            'area': area,
            'rle': _run_lengths((part_map == label) & (person_map == person)),
        }
        for label, person, score, area in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _run_lengths(mask: np.ndarray) -> dict:
    """COCO's compressed run-length code of a (H, W) mask, with text instead of bytes."""
    code = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {'size': list(code['size']), 'counts': code['counts'].decode('ascii')}
