"""The prediction of one image as plain Python: what the inferencer returns and writes."""

import numpy as np
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from scipy.ndimage import find_objects

from mmhparse.structures import PartSet, Skeleton

from .stream_item import StreamItem

MAPS = ('part_map', 'person_map')
"""Keys of a prediction that hold arrays; the others are ready for JSON."""


def prediction_of(item: StreamItem, skeleton: Skeleton, part_set: PartSet) -> dict:
    """Collects what was found in one image, in pixels of that image.

    Args:
        item: An image; its sample holds ``pred_people``, ``pred_parsing`` and ``pred_parts``.
        skeleton: Says which joint is which.
        part_set: Says which label is which part.

    Returns:
        A dict with

        - ``name``, ``img_path`` (None for arrays), ``width``, ``height``, ``skeleton``, ``part_set``;
        - ``video``: for a frame its video's ``name``, the number of the ``frame`` and its ``seconds``; else None;
        - ``people``: one dict a person, best first: ``id`` (as in the person map; in videos that of the track),
          ``score``, ``bbox`` (x1, y1, x2, y2 around the joints), ``keypoints`` (K pairs x, y) and ``keypoint_scores``
          (K; 0 = not found);
        - ``parts``: one dict for each part of each person: ``label``, ``name``, ``person`` (id), ``score``, ``area``
          (pixels) and ``rle`` (COCO's run-length code of its pixels, ``size`` and ``counts``);
        - ``part_map``: (H, W) uint8, 0 = background; ``person_map``: (H, W) int32, 0 = nobody.

        Without people the lists are empty and the maps 0, apart from parts that belong to nobody.
    """
    people, parts, maps = item.sample.pred_people, item.sample.pred_parts, item.sample.pred_parsing
    part_map = maps.part_map[0].cpu().numpy().astype(np.uint8)  # (H, W)
    rows = maps.person_map[0].cpu().numpy()  # (H, W); row of the person, from 1
    ids = person_ids(people)  # (P,)
    person_map = np.concatenate([[0], ids]).astype(np.int32)[rows]  # (H, W)
    height, width = part_map.shape
    clip = item.clip
    return {
        'name': item.name,
        'img_path': item.path,
        'width': width,
        'height': height,
        'skeleton': skeleton.name,
        'part_set': part_set.name,
        'video': clip and {'name': clip.name, 'frame': item.frame, 'seconds': item.seconds},
        'people': _people_rows(people, ids),
        'parts': _part_rows(parts, part_map, rows, ids, part_set),
        'part_map': part_map,
        'person_map': person_map,
    }


def person_ids(people: InstanceData) -> np.ndarray:
    """(P,) ids of the people: those of their tracks, or 1 to P."""
    return people.get('track_ids', np.arange(1, len(people) + 1))


def _people_rows(people: InstanceData, ids: np.ndarray) -> list[dict]:
    columns = _columns(people, 'scores', 'bboxes', 'keypoints', 'keypoint_scores')
    return [
        {'id': person, 'score': score, 'bbox': box, 'keypoints': keypoints, 'keypoint_scores': keypoint_scores}
        for person, score, box, keypoints, keypoint_scores in zip(ids.tolist(), *columns, strict=True)
    ]


def _part_rows(
    parts: InstanceData, part_map: np.ndarray, rows: np.ndarray, ids: np.ndarray, part_set: PartSet
) -> list[dict]:
    boxes = _boxes(rows, len(ids))
    found = []
    for label, row, score, area in zip(*_columns(parts, 'labels', 'persons', 'scores', 'areas'), strict=True):
        # the box of one person alone, so that time does not grow with people times pixels
        box = boxes[row - 1]
        mask = np.zeros(part_map.shape, np.uint8, order='F')  # (H, W)
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


def _columns(rows: InstanceData, *names: str) -> list[list]:
    """The columns of a table as lists."""
    return [rows.get(name).tolist() for name in names]


def _boxes(rows: np.ndarray, people: int) -> list[tuple[slice, slice]]:
    """For each person the slices of rows and columns that hold all of the person's pixels."""
    found = find_objects(rows, max_label=people)
    return [box or (slice(0, 0), slice(0, 0)) for box in found]


def _run_lengths(mask: np.ndarray) -> dict:
    """COCO's compressed run-length code of a (H, W) uint8 mask in column order, with text instead of bytes."""
    code = coco_mask.encode(mask)
    counts = code['counts']
    return {'size': list(code['size']), 'counts': counts if isinstance(counts, str) else counts.decode('ascii')}
