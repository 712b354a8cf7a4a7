"""coco.json: people and parts of all images as COCO annotations."""

import json
from collections.abc import Iterator
from typing import Any

from pycocotools import mask as coco_mask

from mmhparse.datasets.exporting import PERSON, parse_categories

from .base import Summary


class CocoFile:
    """One annotation for each person and one for each part of a person, which names the person by ``person_id``."""

    path = 'coco.json'

    def lines(self, summary: Summary) -> Iterator[str]:
        yield '{"categories": ' + json.dumps(parse_categories(summary.part_set, summary.skeleton))
        yield ',\n"images": [\n'
        for index, record in enumerate(summary.records(), start=1):
            yield _separator(index) + json.dumps(_image(index, record))
        yield '],\n"annotations": [\n'
        count = 0
        for index, record in enumerate(summary.records(), start=1):
            for annotation in image_annotations(record):
                count += 1
                yield _separator(count) + json.dumps({'id': count, 'image_id': index, **annotation})
        yield ']}\n'


def _separator(count: int) -> str:
    return ',\n' if count > 1 else ''


def image_annotations(record: dict) -> Iterator[dict]:
    """The annotations of one image: each person, followed by the parts, in the order of the record.

    Args:
        record: The prediction of one image, of which the maps are not needed.
    """
    own = {person['id']: [] for person in record['people']}
    for part in record['parts']:
        own[part['person']].append(part)
    for person in record['people']:
        parts = own[person['id']]
        yield _person(person, parts, record)
        for part in parts:
            yield {
                'category_id': PERSON + part['label'],
                'person_id': person['id'],
                **_region(part['rle']),
                'score': part['score'],
            }


def _image(index: int, record: dict) -> dict:
    return {
        'id': index,
        'file_name': record['img_path'] or record['name'],
        'name': record['name'],
        'width': record['width'],
        'height': record['height'],
    }


def _person(person: dict, parts: list[dict], record: dict) -> dict:
    """A person's annotation; its region is that of all of its parts."""
    scores = person['keypoint_scores']
    joints = [
        value
        for (x, y), score in zip(person['keypoints'], scores, strict=True)
        for value in (x, y, 2 if score > 0 else 0)
    ]
    region = _region(_union([part['rle'] for part in parts], record['width'], record['height']))
    if not parts:
        left, top, right, bottom = person['bbox']
        region['bbox'] = [left, top, right - left, bottom - top]
    return {
        'category_id': PERSON,
        'person_id': person['id'],
        **region,
        'score': person['score'],
        'keypoints': joints,
        'keypoint_scores': scores,
        'num_keypoints': sum(score > 0 for score in scores),
    }


def _union(codes: list[dict], width: int, height: int) -> Any:
    """Run-length code of the pixels of any of the codes."""
    empty: Any = {'size': [height, width], 'counts': [height * width]}
    if not codes:
        return coco_mask.frPyObjects(empty, height, width)
    regions: Any = [{**code, 'counts': code['counts'].encode()} for code in codes]
    return coco_mask.merge(regions)


def _region(code: Any) -> dict:
    """Area, box and segmentation of a run-length code."""
    counts = code['counts'] if isinstance(code['counts'], bytes) else code['counts'].encode()
    code = {'size': code['size'], 'counts': counts}
    return {
        'bbox': coco_mask.toBbox(code).tolist(),
        'area': int(coco_mask.area(code)),
        'segmentation': {'size': list(code['size']), 'counts': counts.decode()},
        'iscrowd': 0,
    }
