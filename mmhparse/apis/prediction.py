"""The prediction of one image as plain Python: what the inferencer returns and writes."""

import numpy as np
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from scipy.ndimage import find_objects

from mmhparse.structures import HumanParseDataSample, PartSet, Skeleton

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
        - ``video``: for a frame its video's ``name``, the number of the ``frame`` and its ``seconds``; else None;
        - ``people``: one dict a person, best first: ``id`` (as in the person map; in videos that of the track),
          ``score``, ``bbox`` (x1, y1, x2, y2 round the joints), ``keypoints`` (K pairs x, y) and ``keypoint_scores``
          (K; 0 = not found);
        - ``parts``: one dict for each part of each person: ``label``, ``name``, ``person`` (id), ``score``, ``area``
          (pixels) and ``rle`` (COCO's run-length code of its pixels, ``size`` and ``counts``);
        - ``part_map``: (H, W) uint8, 0 = background; ``person_map``: (H, W) int32, 0 = nobody.

        Without people the lists are empty and the maps 0, apart from parts that belong to nobody.
    """
    part_map = sample.pred_parsing.part_map[0].cpu().numpy().astype(np.uint8)
    rows = sample.pred_parsing.person_map[0].cpu().numpy()
    ids = person_ids(sample.pred_people)
    person_map = np.concatenate([[0], ids]).astype(np.int32)[rows]
    height, width = part_map.shape
    clip = image.clip
    return {
        'name': image.name,
        'img_path': image.path,
        'width': width,
        'height': height,
        'skeleton': skeleton.name,
        'part_set': part_set.name,
        'video': clip and {'name': clip.name, 'frame': image.frame, 'seconds': image.frame / clip.fps},
        'people': _people_rows(sample.pred_people, ids),
        'parts': _part_rows(sample.pred_parts, part_map, rows, ids, part_set),
        'part_map': part_map,
        'person_map': person_map,
    }


def person_ids(people: InstanceData) -> np.ndarray:
    """(P,) ids of the people: those of their tracks, or 1 to P."""
    return people.track_ids if 'track_ids' in people else np.arange(1, len(people) + 1)


def _people_rows(people: InstanceData, ids: np.ndarray) -> list[dict]:
    columns = (people.scores, people.bboxes, people.keypoints, people.keypoint_scores)
    return [
        {'id': person, 'score': score, 'bbox': box, 'keypoints': keypoints, 'keypoint_scores': keypoint_scores}
        for person, score, box, keypoints, keypoint_scores in zip(
            ids.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def _part_rows(
    parts: InstanceData, part_map: np.ndarray, rows: np.ndarray, ids: np.ndarray, part_set: PartSet
) -> list[dict]:
    columns = (parts.labels, parts.persons, parts.scores, parts.areas)
    boxes = _boxes(rows, len(ids))
    found = []
    for label, row, score, area in zip(*(column.tolist() for column in columns), strict=True):
        # looking at each person's box alone makes many people no dearer than few
        box = boxes[row - 1]
        mask = np.zeros(part_map.shape, np.uint8, order='F')
        mask[box] = (part_map[box] == label) & (rows[box] == row)
        found.append(
            {
                'label': label,
                'name': part_set.parts[label],
                'person': int(ids[row - 1]),
                'score': score,
                'area': area,
                'rle': _run_lengths(mask),
            }
        )
    return found


def _boxes(rows: np.ndarray, people: int) -> list[tuple[slice, slice]]:
    """For each person the slices of rows and columns that hold all of the person's pixels."""
    found = find_objects(rows, max_label=people)
    return [box or (slice(0, 0), slice(0, 0)) for box in found]


def _run_lengths(mask: np.ndarray) -> dict:
    """COCO's compressed run-length code of a (H, W) uint8 mask in column order, with text instead of bytes."""
    code = coco_mask.encode(mask)
    return {'size': list(code['size']), 'counts': code['counts'].decode('ascii')}
