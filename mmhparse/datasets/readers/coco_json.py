"""Json files of COCO's format, checked where they are read: types, ids that are unique, references that resolve.

Every data set in this format reads its file here, so that a wrong value is an error that names the file, the record and
what was expected, and neither reaches compiled code nor loses people silently.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from .coco_masks import check_segmentation
from .image_files import most_pixels

LISTS = ('images', 'categories', 'annotations')


@dataclass(frozen=True)
class _Field:
    """The type of the value of a key."""

    expected: str
    holds: Callable[[Any], bool]


def _are_numbers(value: Any) -> bool:
    """Whether the value is a list of numbers; those that are not finite are numbers, too."""
    if not isinstance(value, list) or not set(map(type, value)) <= {int, float}:
        return False
    try:
        np.array(value, np.float64)
    except OverflowError:  # an integer of hundreds of digits
        return False
    return True


def _is_box(value: Any) -> bool:
    # no image has such coordinates, and numpy has integers of 64 bits; with NaN, every comparison is false
    return _are_numbers(value) and len(value) == 4 and all(abs(number) < 2**31 for number in value)


_INTEGER = _Field('an integer', lambda value: type(value) is int)
_TEXT = _Field('text', lambda value: isinstance(value, str) and value != '')
_SIDE = _Field('a positive integer', lambda value: type(value) is int and value > 0)
_FLAG = _Field('0 or 1', lambda value: type(value) in (int, bool) and value in (0, 1))

_FIELDS = {
    'images': {'id': _INTEGER, 'file_name': _TEXT, 'height': _SIDE, 'width': _SIDE},
    'categories': {'id': _INTEGER, 'name': _TEXT},
    'annotations': {
        'id': _INTEGER,
        'image_id': _INTEGER,
        'category_id': _INTEGER,
        'person_id': _INTEGER,
        'iscrowd': _FLAG,
        'bbox': _Field('four finite numbers x, y, width, height', _is_box),
        'keypoints': _Field('a list of numbers x, y, visibility, x, y, visibility ...', _are_numbers),
        'dp_masks': _Field('a list of run-length codes', lambda value: isinstance(value, list)),
    },
}


@dataclass(frozen=True, eq=False)
class CocoContent:
    """The checked content of a file.

    The elements of the lists are the dicts of the file. Ids are integers that are unique in their list, each annotation
    belongs to an image and a category of the file, and images have a name and a size.

    Attributes:
        path: The file, for messages.
        layout: Name of its layout, for messages.
        images, categories, annotations: As in the file.
    """

    path: str
    layout: str
    images: list[dict]
    categories: list[dict]
    annotations: list[dict]

    def __post_init__(self):
        for kind in LISTS:
            required = ('id', 'image_id', 'category_id') if kind == 'annotations' else tuple(_FIELDS[kind])
            for place, record in enumerate(getattr(self, kind)):
                if not isinstance(record, dict):
                    raise ValueError(f'{self.path}: {kind}[{place}]: expected an object, got {_shown(record)}.')
                self._check_keys(kind, record, required)
            self._check_unique(kind)
        self._check_references()
        limit = most_pixels()
        for image in self.images:
            if limit is not None and image['height'] * image['width'] > limit:
                self._fail('images', image, f': {image["width"]} x {image["height"]} is more than {limit} pixels')

    def check_annotations(self, records: Collection[dict], required: Collection[str]) -> None:
        """Checks that annotations have the required keys, and that all keys that are known have the right type.

        Args:
            records: Elements of :attr:`annotations`.
            required: Keys that each must have.

        Raises:
            ValueError: If a key is missing or its value is not of its type; the message names file and annotation.
        """
        known = tuple(_FIELDS['annotations'])
        for record in records:
            self._check_keys('annotations', record, required)
            self._check_keys('annotations', record, [key for key in known if key in record])
            if 'segmentation' in record:
                try:
                    check_segmentation(record['segmentation'])
                except ValueError as error:
                    self._fail('annotations', record, f': segmentation: {error}')

    def _check_keys(self, kind: str, record: dict, keys: Collection[str]) -> None:
        missing = [key for key in keys if key not in record]
        if missing:
            self._fail(kind, record, f' lacks {missing}')
        for key in keys:
            field = _FIELDS[kind].get(key)
            if field is not None and not field.holds(record[key]):
                self._fail(kind, record, f': {key}: expected {field.expected}, got {_shown(record[key])}')

    def _check_unique(self, kind: str) -> None:
        seen: set[int] = set()
        for record in getattr(self, kind):
            if record['id'] in seen:
                self._fail(kind, record, ': there are two of this id; number them anew')
            seen.add(record['id'])

    def _check_references(self) -> None:
        """Ids as text on one side alone are found before this, by their type."""
        for key, kind in (('image_id', 'images'), ('category_id', 'categories')):
            ids = {record['id'] for record in getattr(self, kind)}
            for record in self.annotations:
                if record[key] not in ids:
                    self._fail('annotations', record, f": {key}: {record[key]} is not the id of an element of '{kind}'")

    def _fail(self, kind: str, record: dict, problem: str) -> NoReturn:
        name = f'{_SINGULAR[kind]} {record.get("id", "without id")}'
        raise ValueError(f'{self.path}: {name}{problem.rstrip(".")}; expected the layout of {self.layout}.')


_SINGULAR = {'images': 'image', 'categories': 'category', 'annotations': 'annotation'}


def read_coco_json(path: str, layout: str) -> CocoContent:
    """Reads a file of COCO's format.

    Args:
        path: The file; UTF-8, 16 or 32, with or without byte order mark.
        layout: Name of its layout, for messages.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no json, or not of COCO's format; the message names the record and what was expected.
    """
    with open(path, 'rb') as file:
        content = file.read()
    try:
        # of bytes, json finds out the encoding and skips a byte order mark
        content = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not valid json: {error}. Export or fetch it again.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a json object, got a {type(content).__name__}.')
    missing = [kind for kind in LISTS if kind not in content]
    if missing:
        raise ValueError(f'{path}: the file lacks {missing}; expected the layout of {layout}.')
    for kind in LISTS:
        if not isinstance(content[kind], list):
            raise ValueError(
                f"{path}: '{kind}': expected a list, got {_shown(content[kind])}; expected the layout of {layout}."
            )
    return CocoContent(path, layout, *(content[kind] for kind in LISTS))


def _shown(value: Any) -> str:
    """A value as JSON, shortened for a message."""
    text = json.dumps(value) if not isinstance(value, int) or abs(value) < 10**40 else 'a number of many digits'
    return text if len(text) <= 60 else f'{text[:57]}...'
