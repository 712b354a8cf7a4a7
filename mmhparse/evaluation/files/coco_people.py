"""CocoPeople: the people and parts of a json file in COCO's format, checked when it is read."""

import os.path as osp
import posixpath
from collections import defaultdict
from typing import NoReturn

import numpy as np

from mmhparse.datasets.readers import read_coco_json, segmentation_mask
from mmhparse.evaluation.functional import show_score
from mmhparse.structures import IGNORE

LAYOUT = "the inferencer's coco.json (docs/en/user_guides/metrics.md)"
_PART_KEYS = ('person_id', 'segmentation')


class CocoPeople:
    """One file: its images, and the people and parts in them.

    The layout is that of :class:`.CocoFiles`. Types, unique ids and references are checked by
    :func:`mmhparse.datasets.readers.read_coco_json`, masks by :func:`mmhparse.datasets.readers.segmentation_mask`.

    Args:
        path: The file, or a folder with a ``coco.json``.
        with_scores: Whether it is a prediction: people and parts have scores, each part of a person is one annotation
            and there are no crowds.

    Attributes:
        path: The file.
        parts: Names of the part classes, the background first.
        shapes: (H, W) of the images by name.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not of this layout; the message names the record and what was expected.
    """

    def __init__(self, path: str, with_scores: bool):
        self.path = osp.join(path, 'coco.json') if osp.isdir(path) else path
        content = read_coco_json(self.path, LAYOUT)
        person, self._part_names = self._read_categories(content.categories)
        self.parts = ('background', *self._part_names.values())
        self.shapes: dict[str, tuple[int, int]] = {}
        self._ids: dict[str, int] = {}
        for image in content.images:
            self._add_image(image)
        people = [record for record in content.annotations if record['category_id'] == person]
        parts = [record for record in content.annotations if record['category_id'] in self._part_names]
        content.check_annotations(people, ())
        content.check_annotations(parts, _PART_KEYS)
        self._people = self._by_image(people)
        self._parts = self._by_owner(parts)
        if with_scores:
            self._check_prediction(people, parts)

    def people(self, name: str, crowds: bool) -> list[dict]:
        """The people of an image, or its crowds."""
        people = self._people.get(self._ids[name], {}).values()
        return [person for person in people if bool(person.get('iscrowd', 0)) == crowds]

    def parts_of(self, person: dict) -> list[dict]:
        return self._parts.get((person['image_id'], person_id(person)), [])

    def part_name(self, part: dict) -> str:
        return self._part_names[part['category_id']]

    def label_map(self, name: str, person: dict, parts: tuple[str, ...], unlabelled: int) -> np.ndarray:
        """(H, W) uint8 labels of a person.

        Args:
            name: The image.
            person: The annotation of the person.
            parts: Names of the classes.
            unlabelled: Label of the pixels of the person's mask that no part has.
        """
        labels = np.zeros(self.shapes[name], np.uint8)
        if unlabelled and person.get('segmentation'):
            labels[self._mask(person, name)] = unlabelled
        for part in self.parts_of(person):
            labels[self._mask(part, name)] = parts.index(self.part_name(part))
        return labels

    def crowd_mask(self, name: str, crowd: dict) -> np.ndarray:
        """(H, W) bool; the pixels of a crowd and of parts in it."""
        return self.label_map(name, crowd, self.parts, IGNORE) > 0

    def _mask(self, record: dict, name: str) -> np.ndarray:
        try:
            return segmentation_mask(record['segmentation'], self.shapes[name])
        except ValueError as error:
            raise ValueError(f"'{self.path}': annotation {record['id']}: segmentation: {error}") from error

    def _read_categories(self, categories: list[dict]) -> tuple[int, dict[int, str]]:
        """Id of the category of people, and names of parts by id."""
        parts = {one['id']: one['name'] for one in categories if one.get('supercategory') == 'part'}
        person = [one['id'] for one in categories if one['name'] == 'person' and one['id'] not in parts]
        names = list(parts.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if len(person) != 1 or not parts or twice or 'background' in names or len(names) >= IGNORE:
            raise ValueError(
                f"'{self.path}': expected one category 'person' and up to {IGNORE - 1} parts with supercategory 'part' "
                f"and names of their own, none of them 'background', got {len(person)} 'person' and {len(names)} parts"
                f'{f", {twice[0]!r} twice" if twice else ""}.'
            )
        return person[0], parts

    def _add_image(self, image: dict) -> None:
        name = image.get('name', posixpath.splitext(posixpath.normpath(image['file_name']))[0])
        if not isinstance(name, str) or not name:
            raise ValueError(f"'{self.path}': image {image['id']}: expected a name as text, got {name!r}.")
        if name in self._ids:
            raise ValueError(f"'{self.path}' has image '{name}' twice, with ids {self._ids[name]} and {image['id']}.")
        self._ids[name], self.shapes[name] = image['id'], (image['height'], image['width'])

    def _by_image(self, people: list[dict]) -> dict[int, dict[int, dict]]:
        """People by image id, then by person id."""
        by_image: defaultdict[int, dict[int, dict]] = defaultdict(dict)
        for person in people:
            others = by_image[person['image_id']]
            if person_id(person) in others:
                first = others[person_id(person)]
                raise ValueError(
                    f"'{self.path}': image {person['image_id']} has person {person_id(person)} twice, in annotations "
                    f'{first["id"]} and {person["id"]}: give each person of an image a person_id of its own.'
                )
            others[person_id(person)] = person
        return dict(by_image)

    def _by_owner(self, parts: list[dict]) -> dict[tuple[int, int], list[dict]]:
        """Parts by image id and person id."""
        by_owner: defaultdict[tuple[int, int], list[dict]] = defaultdict(list)
        for part in parts:
            if part['person_id'] not in self._people.get(part['image_id'], {}):
                raise ValueError(
                    f"'{self.path}': the person_id of annotation {part['id']}, {part['person_id']}, is no person of "
                    'its image: annotate the person, or remove the part.'
                )
            by_owner[part['image_id'], part['person_id']].append(part)
        return dict(by_owner)

    def _check_prediction(self, people: list[dict], parts: list[dict]) -> None:
        for record in (*people, *parts):
            self._check_score(record)
        for record in people:
            if record.get('iscrowd', 0):
                self._fail(record, 'iscrowd is 1, but predictions have no crowds')
        for owned in self._parts.values():
            first: dict[str, int] = {}
            for part in owned:
                name = self.part_name(part)
                if name in first:
                    self._fail(part, f"it is the part '{name}' of a person, as annotation {first[name]} is; join them")
                first[name] = part['id']

    def _check_score(self, record: dict) -> None:
        if 'score' not in record:
            self._fail(record, 'it has no score')
        score = record['score']
        try:
            number = float(score) if type(score) in (int, float) else None
        except OverflowError:  # an integer of hundreds of digits
            number = np.inf
        if number is None:
            self._fail(record, f'expected a number as score, got {str(score)[:60]!r}')
        if not np.isfinite(number):
            self._fail(record, f'its score is {show_score(number)}; expected a finite number')

    def _fail(self, record: dict, problem: str) -> NoReturn:
        raise ValueError(f"'{self.path}': annotation {record['id']}: {problem}.")


def person_id(person: dict) -> int:
    """The id by which parts name a person: its ``person_id``, or ``id`` if it has none."""
    return person.get('person_id', person['id'])
