"""CocoFiles: truth and predictions as people and parts in json of COCO's format."""

import json
import os.path as osp
from collections import Counter, defaultdict
from pathlib import PurePosixPath

import numpy as np

from mmhparse.datasets.readers import segmentation_mask
from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.structures import IGNORE

from .records import PredictedImage, TrueImage


class CocoFiles:
    """Truth and predictions in the layout of ``CocoParseDataset`` and of the inferencer's ``coco.json``.

    A person is an annotation of the category ``person``; a part has the category of its name, with ``supercategory``
    'part', and the ``person_id`` of its person, which is the person's ``person_id``, or ``id`` if it has none.
    Predictions have a ``score``. Images belong together by ``name``, or ``file_name`` without suffix if they have none;
    part classes by their names. In the truth, pixels of a person's mask that are in no part of it, and crowds, are
    ignored. Where people overlap, the later is on top in the part map.

    Args:
        truth, predicted: The files, or folders with a ``coco.json``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is not of this layout, names an image twice, or has a prediction without truth.
    """

    with_people = True

    def __init__(self, truth: str, predicted: str):
        self._truth, self._predicted = _Annotations(truth), _Annotations(predicted)
        self.parts = self._truth.parts
        strange = set(self._predicted.parts) - set(self.parts)
        if strange:
            raise ValueError(f"'{self._predicted.path}' has parts that the truth does not know: {sorted(strange)}.")
        unknown = self._predicted.images.keys() - self._truth.images.keys()
        if unknown:
            raise ValueError(f"'{self._predicted.path}' has image '{min(unknown)}', of which there is no truth.")
        self.names = tuple(self._truth.images)
        self.missing = tuple(name for name in self.names if name not in self._predicted.images)

    def truth(self, name: str) -> TrueImage:
        file = self._truth
        maps = [file.label_map(name, person, self.parts, IGNORE) for person in file.people(name, crowds=False)]
        shape = file.shape(name)
        part_map = _on_top_of_each_other(maps, shape)
        people = PeopleMaps.from_label_maps(np.stack([*maps, np.zeros(shape, np.uint8)])[: len(maps)])
        for crowd in file.people(name, crowds=True):
            free = file.mask(crowd, name) & (part_map == 0)
            part_map[free] = IGNORE
            people.part_map[:, free], people.person_map[:, free] = IGNORE, IGNORE
        return TrueImage(part_map, people)

    def prediction(self, name: str) -> PredictedImage:
        file = self._predicted
        if file.shape(name) != self._truth.shape(name):
            raise ValueError(
                f"'{file.path}': image '{name}' is {file.shape(name)} (height, width), but in the truth "
                f'{self._truth.shape(name)}.'
            )
        records = file.people(name, crowds=False)
        maps = [file.label_map(name, person, self.parts, 0) for person in records]
        scores = np.array([file.score(person) for person in records], np.float64)
        part_scores = np.full((len(records), len(self.parts)), np.nan)
        for row, person in enumerate(records):
            for part in file.parts_of(name, person):
                part_scores[row, self.parts.index(file.part_name(part))] = file.score(part)
        shape = file.shape(name)
        people = PeopleMaps.from_label_maps(np.stack([*maps, np.zeros(shape, np.uint8)])[: len(maps)])
        return PredictedImage(_on_top_of_each_other(maps, shape), people, scores, people, part_scores)


class _Annotations:
    """One file: its images, and who and what is in them."""

    def __init__(self, path: str):
        self.path = osp.join(path, 'coco.json') if osp.isdir(path) else path
        content = self._read()
        person, self._part_names = self._read_categories(content['categories'])
        self.parts = ('background', *self._part_names.values())
        self.images = self._by_name(content['images'])
        self._people, self._parts = defaultdict(list), defaultdict(list)
        for record in content['annotations']:
            if record.get('category_id') == person:
                self._people[record['image_id']].append(record)
            elif record.get('category_id') in self._part_names:
                self._parts[record['image_id'], record.get('person_id')].append(record)
        self._check_owners()

    def shape(self, name: str) -> tuple[int, int]:
        """(H, W)."""
        return self.images[name]['height'], self.images[name]['width']

    def people(self, name: str, crowds: bool) -> list[dict]:
        """The people of an image, or its crowds."""
        return [one for one in self._people[self.images[name]['id']] if bool(one.get('iscrowd', 0)) == crowds]

    def parts_of(self, name: str, person: dict) -> list[dict]:
        return self._parts.get((self.images[name]['id'], person.get('person_id', person['id'])), [])

    def part_name(self, part: dict) -> str:
        return self._part_names[part['category_id']]

    def mask(self, record: dict, name: str) -> np.ndarray:
        try:
            return segmentation_mask(record['segmentation'], self.shape(name))
        except (KeyError, ValueError) as error:
            raise ValueError(f"'{self.path}': annotation {record['id']}: {error}") from error

    def label_map(self, name: str, person: dict, parts: tuple[str, ...], unlabelled: int) -> np.ndarray:
        """(H, W) uint8 labels of a person; ``unlabelled`` where its mask has no part."""
        labels = np.zeros(self.shape(name), np.uint8)
        if unlabelled and person.get('segmentation'):
            labels[self.mask(person, name)] = unlabelled
        for part in self.parts_of(name, person):
            labels[self.mask(part, name)] = parts.index(self.part_name(part))
        return labels

    def score(self, record: dict) -> float:
        if not isinstance(record.get('score'), int | float):
            raise ValueError(f"'{self.path}': annotation {record['id']} has no score: {record.get('score')!r}.")
        if np.isnan(record['score']):
            raise ValueError(f"'{self.path}': the score of annotation {record['id']} is NaN.")
        return float(record['score'])

    def _check_owners(self) -> None:
        owners = [
            (image, one.get('person_id', one['id']))
            for image, people in self._people.items()
            for one in people
            if not one.get('iscrowd', 0)
        ]
        twice = [owner for owner, count in Counter(owners).items() if count > 1]
        if twice:
            raise ValueError(f"'{self.path}': image {twice[0][0]} has person {twice[0][1]} twice.")
        nobodys = self._parts.keys() - set(owners)
        if nobodys:
            part = self._parts[min(nobodys, key=str)][0]
            raise ValueError(
                f"'{self.path}': the person_id of annotation {part['id']}, {part.get('person_id')!r}, is no person of "
                'its image.'
            )

    def _read(self) -> dict:
        try:
            with open(self.path, encoding='utf-8') as file:
                content = json.load(file)
        except ValueError as error:
            raise ValueError(f"'{self.path}' is no json: {error}") from error
        keys = ('categories', 'images', 'annotations')
        if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in keys):
            raise ValueError(f"'{self.path}': expected an object with lists {keys}.")
        return content

    def _read_categories(self, categories: list[dict]) -> tuple[int, dict[int, str]]:
        person = [one['id'] for one in categories if one.get('name') == 'person']
        parts = {one['id']: one['name'] for one in categories if one.get('supercategory') == 'part'}
        if len(person) != 1 or not parts:
            raise ValueError(
                f"'{self.path}': expected one category 'person' and parts with supercategory 'part', got "
                f'{[one.get("name") for one in categories]}.'
            )
        return person[0], parts

    def _by_name(self, images: list[dict]) -> dict[str, dict]:
        by_name = {}
        for image in images:
            name = image.get('name') or str(PurePosixPath(image['file_name']).with_suffix(''))
            if name in by_name:
                raise ValueError(f"'{self.path}' has image '{name}' twice.")
            by_name[name] = image
        return by_name


def _on_top_of_each_other(maps: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8; the label maps laid over each other, the last on top."""
    part_map = np.zeros(shape, np.uint8)
    for labels in maps:
        np.copyto(part_map, labels, where=labels > 0)
    return part_map
