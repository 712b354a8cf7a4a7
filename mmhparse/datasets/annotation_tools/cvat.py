"""CVAT for images 1.1: a region is a mask or polygon whose label is the part; the group is the person."""

import json
import zipfile
from collections.abc import Sequence
from operator import itemgetter
from xml.etree import ElementTree

import numpy as np

from ..readers.coco_masks import decode_runs, encode_mask
from .annotation_tool import AnnotationTool, Shapes
from .labelled_photo import LabelledPhoto, PartClass, Region, person_number, photo_size

Element = ElementTree.Element

_EXPORT = "export the task as 'CVAT for images 1.1'"


class Cvat(AnnotationTool):
    """``annotations.xml`` for "Upload annotations" with the format "CVAT 1.1", ``labels.json`` for "Raw" labels.

    A mask is the run lengths of 0 and 1, row by row, within its box; the shapes of one person in a photo have one
    ``group_id``, which CVAT shows with "Color by: Group" and changes with the key G.
    """

    def files(
        self, photos: Sequence[LabelledPhoto], parts: Sequence[PartClass], shapes: Shapes, address: str
    ) -> dict[str, bytes]:
        del address  # a task of CVAT has its photos, and finds them by name
        root = Element('annotations')
        ElementTree.SubElement(root, 'version').text = '1.1'
        labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, 'meta'), 'task'), 'labels')
        for part in parts:
            label = ElementTree.SubElement(labels, 'label')
            for key, text in (('name', part.name), ('color', part.html_colour), ('type', 'any')):
                ElementTree.SubElement(label, key).text = text
            ElementTree.SubElement(label, 'attributes')
        for number, photo in enumerate(photos):
            width, height = photo.size
            image = ElementTree.SubElement(
                root, 'image', id=str(number), name=photo.name, width=str(width), height=str(height)
            )
            image.extend(_polygons(photo) if shapes == 'polygons' else _masks(photo))
        ElementTree.indent(root)
        raw = [{'name': part.name, 'color': part.html_colour, 'attributes': []} for part in parts]
        return {
            'annotations.xml': ElementTree.tostring(root, encoding='utf-8', xml_declaration=True),
            'labels.json': json.dumps(raw, indent=1).encode(),
        }

    def entries(self, path: str) -> list[Element]:
        try:
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    root = ElementTree.fromstring(archive.read('annotations.xml'))
            else:
                root = ElementTree.parse(path).getroot()
        except OSError:
            raise
        except Exception as error:  # archives and encodings of XML raise errors of many types
            raise ValueError(f'broken or no annotations.xml ({error}): {_EXPORT}') from error
        if root.tag != 'annotations' or root.find('track') is not None:
            raise ValueError(f'not annotations of images: {_EXPORT}')
        return root.findall('image')

    def photo(self, entry: Element) -> LabelledPhoto:
        name = entry.get('name', '')
        try:
            size = photo_size(entry.get('width'), entry.get('height'))
        except ValueError as error:
            raise ValueError(f"photo '{name}': {error}: {_EXPORT}") from error
        found = []
        for shape in entry:
            try:
                found.append((int(shape.get('z_order', 0)), _region(shape, size)))
            except (KeyError, ValueError) as error:
                problem = f'it lacks {error}' if isinstance(error, KeyError) else error
                raise ValueError(f"photo '{name}', {shape.tag} '{shape.get('label')}': {problem}") from error
        found.sort(key=itemgetter(0))  # within a layer, the order of the file stays
        return LabelledPhoto(name, size, tuple(region for _, region in found))


def _shape(tag: str, region: Region, order: int, **values: str) -> Element:
    common = dict(label=region.part, source='auto', occluded='0', z_order=str(order), group_id=str(region.person))
    return Element(tag, {**common, **values})


def _masks(photo: LabelledPhoto) -> list[Element]:
    found = []
    for region, mask in photo.masks():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            continue
        box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # (h, w)
        flat = np.concatenate([[False], box.ravel(), [not box[-1, -1]]])
        # lengths of runs, 0 first: where the box begins with 1, the run of 0 before it is empty
        runs = np.diff(np.flatnonzero(flat[1:] != flat[:-1]), prepend=0)
        place = dict(left=columns[0], top=rows[0], width=box.shape[1], height=box.shape[0])
        values = {key: str(value) for key, value in place.items()}
        found.append(_shape('mask', region, 0, rle=', '.join(map(str, runs.tolist())), **values))
    return found


def _polygons(photo: LabelledPhoto) -> list[Element]:
    found = []
    for order, region in enumerate(photo.with_polygons().regions):
        (outline,) = region.segmentation
        corners = zip(outline[::2], outline[1::2], strict=True)
        points = ';'.join(f'{x:.2f},{y:.2f}' for x, y in corners)
        found.append(_shape('polygon', region, order, points=points))
    return found


def _region(shape: Element, size: tuple[int, int]) -> Region:
    if shape.tag not in ('mask', 'polygon'):
        raise ValueError('it is neither a mask nor a polygon: draw the part as one of these')
    if shape.get('group_id', '0') == '0':
        raise ValueError('it belongs to no person: select all shapes of its person and group them (key G)')
    person = person_number(shape.attrib['group_id'])
    segmentation = _mask(shape, size) if shape.tag == 'mask' else [_corners(shape.attrib['points'])]
    return Region(shape.get('label', ''), person, segmentation)


def _corners(points: str) -> list[float]:
    """Text ``x,y;x,y`` -> x, y, x, y, ..."""
    return [float(value) for point in points.split(';') for value in point.split(',')]


def _mask(shape: Element, size: tuple[int, int]) -> dict:
    """The run-length code of the whole image of that size (W, H)."""
    left, top, width, height = (int(shape.attrib[key]) for key in ('left', 'top', 'width', 'height'))
    image_width, image_height = size
    if not (0 <= left <= left + width <= image_width and 0 <= top <= top + height <= image_height):
        raise ValueError('its mask leaves the photo')
    # row by row is column by column of the transposed mask
    box = decode_runs({'size': [width, height], 'counts': list(map(int, shape.attrib['rle'].split(',')))}).T
    mask = np.zeros((image_height, image_width), bool)
    mask[top : top + height, left : left + width] = box
    return encode_mask(mask)
