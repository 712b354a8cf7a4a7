"""coco.json of the inferencer, for tools that know polygons alone: CVAT and supervision, and Label Studio's tasks."""

from collections import defaultdict
from typing import Any

from mmhparse.datasets.polygons import outlines_of
from mmhparse.datasets.readers.coco_masks import segmentation_mask

_LEAST_CORNERS = 3


def with_polygons(content: dict) -> dict:
    """The same people and parts with polygons instead of run-length codes; those without pixels are left out.

    Args:
        content: A ``coco.json`` that the inferencer wrote.
    """
    sizes = {image['id']: (image['height'], image['width']) for image in content['images']}
    annotations = []
    for annotation in content['annotations']:
        outlines = _outlines(annotation, sizes[annotation['image_id']])
        if outlines:
            annotations.append({**annotation, 'segmentation': outlines})
    return {**content, 'annotations': annotations}


def label_studio_tasks(content: dict, image_root: str) -> list[dict]:
    """One task of Label Studio for each image, with the parts as pre-annotations.

    The labelling interface needs ``<Image name="image" value="$image"/>`` and ``<PolygonLabels name="label"
    toName="image">`` with the names of the parts. What Label Studio gets of a part's person is the text ``person N``,
    for ``<TextArea name="person" toName="image" perRegion="true"/>``.

    Args:
        content: A ``coco.json`` that the inferencer wrote.
        image_root: What stands before the name of each image in its address, such as
            ``/data/local-files/?d=photos/``.
    """
    names = {category['id']: category['name'] for category in content['categories']}
    parts: dict[int, list[dict]] = defaultdict(list)
    for annotation in content['annotations']:
        if names[annotation['category_id']] != 'person':
            parts[annotation['image_id']].append(annotation)
    tasks = []
    for image in content['images']:
        results = [
            result
            for annotation in parts[image['id']]
            for result in _regions(annotation, names[annotation['category_id']], image)
        ]
        prediction = {'model_version': 'mmhparse', 'result': results}
        tasks.append({'data': {'image': image_root + image['file_name']}, 'predictions': [prediction]})
    return tasks


def _regions(annotation: dict, name: str, image: dict) -> list[dict]:
    """Label Studio's regions of one part: a polygon in percent of the image, and the person as text of that region."""
    found = []
    width, height = image['width'], image['height']
    for number, outline in enumerate(_outlines(annotation, (height, width))):
        region: dict[str, Any] = {
            'id': f'{annotation["id"]}_{number}',
            'to_name': 'image',
            'original_width': width,
            'original_height': height,
            'image_rotation': 0,
        }
        points = [[100 * x / width, 100 * y / height] for x, y in zip(outline[::2], outline[1::2], strict=True)]
        polygon = {'points': points, 'closed': True}
        label = {'from_name': 'label', 'type': 'polygonlabels', 'score': annotation['score']}
        found.append({**region, **label, 'value': {**polygon, 'polygonlabels': [name]}})
        text = {'from_name': 'person', 'type': 'textarea'}
        found.append({**region, **text, 'value': {**polygon, 'text': [f'person {annotation["person_id"]}']}})
    return found


def _outlines(annotation: dict, size: tuple[int, int]) -> list[list[float]]:
    """The polygons of an annotation of an image of that size (H, W)."""
    outlines = outlines_of(segmentation_mask(annotation['segmentation'], size))
    return [outline for outline in outlines if len(outline) >= 2 * _LEAST_CORNERS]
