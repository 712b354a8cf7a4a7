"""Label Studio's JSON: a region is a brush mask or polygon with the part's label; a number per region is the person."""

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from ..readers.coco_masks import encode_mask
from .annotation_tool import AnnotationTool, Shapes
from .brush_codes import decode_brush, encode_brush
from .labelled_photo import LabelledPhoto, PartClass, Region, person_number, photo_size

_CONTROLS = {'brushlabels': 'brush', 'polygonlabels': 'polygon', 'number': 'person'}
"""Names of the tags of the labelling interface, by the type of their results."""


class LabelStudio(AnnotationTool):
    """``tasks.json`` with the regions as predictions, ``interface.xml`` for "Labeling Interface", "Code".

    The ``data`` of a task says which photo it is: ``image`` (its address), ``photo`` (its name), ``width`` and
    ``height``. A region and its person are two results of one ``id``.
    """

    def files(
        self, photos: Sequence[LabelledPhoto], parts: Sequence[PartClass], shapes: Shapes, address: str
    ) -> dict[str, bytes]:
        tasks = []
        for photo in photos:
            width, height = photo.size
            regions = _polygons(photo) if shapes == 'polygons' else _masks(photo)
            results = [result for number, region in enumerate(regions) for result in _results(number, *region, photo)]
            data = {'image': address + photo.name, 'photo': photo.name, 'width': width, 'height': height}
            tasks.append({'data': data, 'predictions': [{'model_version': 'mmhparse', 'result': results}]})
        return {'tasks.json': json.dumps(tasks).encode(), 'interface.xml': _interface(parts)}

    def entries(self, path: str) -> list[dict]:
        with open(path, 'rb') as file:
            content = file.read()
        try:
            tasks = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"broken JSON ({error}): export the project as 'JSON'") from error
        if not isinstance(tasks, list) or not all(map(_has_annotations, tasks)):
            raise ValueError("not a list of tasks with annotations: export the project as 'JSON', not 'JSON-MIN'")
        return tasks

    def photo(self, entry: dict) -> LabelledPhoto:
        data = entry.get('data')
        if not isinstance(data, dict) or not isinstance(data.get('photo'), str) or not {'width', 'height'} <= set(data):
            raise ValueError(
                f'task {entry.get("id")}: its data lacks photo, width and height: import the tasks that '
                'to_annotation_tool.py writes'
            )
        name = data['photo']
        done = [annotation for annotation in entry['annotations'] if not annotation.get('was_cancelled')]
        if len(done) != 1:
            raise ValueError(f"photo '{name}' has {len(done)} annotations: submit one, and delete others")
        try:
            size = photo_size(data['width'], data['height'])
            return LabelledPhoto(name, size, tuple(_regions(_results_of(done[0]), size)))
        except (KeyError, TypeError, ValueError) as error:
            problem = f'a result lacks {error}' if isinstance(error, KeyError) else error
            raise ValueError(f"photo '{name}': {problem}") from error


def _interface(parts: Sequence[PartClass]) -> bytes:
    """The labelling interface: both kinds of shapes, and a number that each region must have."""
    view = ElementTree.Element('View')
    ElementTree.SubElement(view, 'Image', name='image', value='$image', zoom='true')
    for tag in ('BrushLabels', 'PolygonLabels'):
        labels = ElementTree.SubElement(view, tag, name=_CONTROLS[tag.lower()], toName='image')
        for part in parts:
            ElementTree.SubElement(labels, 'Label', value=part.name, background=part.html_colour)
    ElementTree.SubElement(view, 'Header', value='Number of the person')
    person = dict(name=_CONTROLS['number'], toName='image', perRegion='true', required='true', min='1')
    ElementTree.SubElement(view, 'Number', person)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding='utf-8')


def _masks(photo: LabelledPhoto) -> list[tuple[Region, dict]]:
    """Each region with its value."""
    return [
        (region, {'format': 'rle', 'rle': encode_brush(mask), 'brushlabels': [region.part]})
        for region, mask in photo.masks()
    ]


def _polygons(photo: LabelledPhoto) -> list[tuple[Region, dict]]:
    """Each region with its value, corners in percent of the photo."""
    width, height = photo.size
    found = []
    for region in photo.with_polygons().regions:
        (outline,) = region.segmentation
        points = [[100 * x / width, 100 * y / height] for x, y in zip(outline[::2], outline[1::2], strict=True)]
        found.append((region, {'points': points, 'closed': True, 'polygonlabels': [region.part]}))
    return found


def _results(number: int, region: Region, value: dict, photo: LabelledPhoto) -> list[dict]:
    """The two results of a region: its shape, and the number of its person."""
    width, height = photo.size
    common = {'to_name': 'image', 'original_width': width, 'original_height': height, 'image_rotation': 0}
    kind = 'polygonlabels' if 'points' in value else 'brushlabels'
    return [
        {'id': f'region{number}', 'type': kind, 'from_name': _CONTROLS[kind], **common, 'value': value}
        | {'score': region.score},
        {'id': f'region{number}', 'type': 'number', 'from_name': _CONTROLS['number'], **common}
        | {'value': {'number': region.person}},
    ]


def _has_annotations(task: Any) -> bool:
    annotations = task.get('annotations') if isinstance(task, dict) else None
    return isinstance(annotations, list) and all(isinstance(annotation, dict) for annotation in annotations)


def _results_of(annotation: dict) -> list[dict]:
    """The results of an annotation, of which each is a dict with an ``id``, a ``type`` and a dict as ``value``.

    Raises:
        KeyError: If one lacks a key.
        ValueError: If a value is of another type.
    """
    results = annotation['result']
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise ValueError(f'expected a list of objects as result, got {str(results)[:60]}')
    for result in results:
        if result['type'] != 'relation' and not (isinstance(result['id'], str) and isinstance(result['value'], dict)):
            raise ValueError(f'expected a text as id and an object as value of a result, got {str(result)[:60]}')
    return results


def _regions(results: list[dict], size: tuple[int, int]) -> list[Region]:
    """The regions of an annotation, in its order."""
    people = {result['id']: result['value']['number'] for result in results if result['type'] == 'number'}
    found = []
    for result in results:
        kind = result['type']
        if kind in ('number', 'relation'):
            continue
        if kind not in ('brushlabels', 'polygonlabels'):
            raise ValueError(f"region '{result['id']}' is of type {kind}: draw the part with the brush or as a polygon")
        labels = result['value'].get(kind, [])
        if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
            raise ValueError(f"region '{result['id']}' has the labels {labels}: give it one")
        if result['id'] not in people:
            raise ValueError(
                f"region '{result['id']}', '{labels[0]}', belongs to no person: select it and enter the person's number"
            )
        try:
            region = Region(labels[0], person_number(people[result['id']]), _segmentation(result, size))
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"region '{result['id']}', '{labels[0]}': {error}") from error
        found.append(region)
    return found


def _segmentation(result: dict, size: tuple[int, int]) -> Any:
    width, height = size
    given = result['original_width'], result['original_height']
    if given != size or result.get('image_rotation'):
        raise ValueError(f'drawn on a photo of {given} (width, height) or rotated, expected {size} upright')
    if result['type'] == 'brushlabels':
        return encode_mask(decode_brush(result['value']['rle'], (height, width)))
    return [[value for x, y in result['value']['points'] for value in (x * width / 100, y * height / 100)]]
