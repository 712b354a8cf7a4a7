"""CocoFiles: truth and predictions as people and parts in json files of COCO's format."""

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.structures import IGNORE

from .coco_people import CocoPeople, person_id
from .records import PredictedImage, TrueImage


class CocoFiles:
    """Truth and predictions in the layout of ``CocoParseDataset`` and of the inferencer's ``coco.json``.

    A person is an annotation of the category ``person``; a part has the category of its name, with ``supercategory``
    'part', and the ``person_id`` of its person, which is the person's ``person_id``, or ``id`` if it has none.
    Annotations of other categories are not scored. Predictions have a ``score``. Images belong together by ``name``, or
    ``file_name`` without suffix if they have none; part classes by their names. In the truth, pixels of a person's mask
    that are in no part of it, and crowds, are ignored. Where people overlap, the later is on top in the part map.

    Args:
        truth, predicted: The files, or folders with a ``coco.json``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is not of this layout, names an image twice, or has a prediction without truth.
    """

    with_people = True

    def __init__(self, truth: str, predicted: str):
        self._truth = CocoPeople(truth, with_scores=False)
        self._predicted = CocoPeople(predicted, with_scores=True)
        self.parts = self._truth.parts
        unknown = sorted(set(self._predicted.parts) - set(self.parts))
        if unknown:
            raise ValueError(f"'{self._predicted.path}' has parts that the truth does not know: {unknown}.")
        if not self._truth.shapes:
            raise ValueError(f"'{self._truth.path}' has no images: is this the truth?")
        without_truth = sorted(self._predicted.shapes.keys() - self._truth.shapes.keys())
        if without_truth:
            raise ValueError(
                f"'{self._predicted.path}' has image '{without_truth[0]}', of which there is no truth in "
                f"'{self._truth.path}'."
            )
        self.names = tuple(self._truth.shapes)
        self.missing = {
            name: f"image '{name}' in '{self._predicted.path}'"
            for name in self.names
            if name not in self._predicted.shapes
        }

    def truth(self, name: str) -> TrueImage:
        file = self._truth
        maps = [file.label_map(name, person, self.parts, IGNORE) for person in file.people(name, crowds=False)]
        part_map = _overlay(maps, file.shapes[name])
        people = _stack(maps, file.shapes[name])
        for crowd in file.people(name, crowds=True):
            free = file.crowd_mask(name, crowd) & (part_map == 0)  # (H, W)
            part_map[free] = IGNORE
            people.part_map[:, free], people.person_map[:, free] = IGNORE, IGNORE
        return TrueImage(part_map, people)

    def prediction(self, name: str) -> PredictedImage:
        file = self._predicted
        shape = file.shapes[name]
        if shape != self._truth.shapes[name]:
            raise ValueError(
                f"'{file.path}': image '{name}' is {shape} (height, width), but in the truth "
                f'{self._truth.shapes[name]}.'
            )
        records = file.people(name, crowds=False)
        maps = [file.label_map(name, person, self.parts, 0) for person in records]
        scores = np.array([person['score'] for person in records], np.float64)  # (P,)
        part_scores = np.full((len(records), len(self.parts)), np.nan)  # (P, C)
        for row, person in enumerate(records):
            for part in file.parts_of(person):
                part_scores[row, self.parts.index(file.part_name(part))] = part['score']
        people = _stack(maps, shape)
        ids = [person_id(person) for person in records]
        return PredictedImage(_overlay(maps, shape), people, scores, ids, people, part_scores)


def _overlay(maps: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8; label maps (H, W) on top of each other, the last one uppermost."""
    part_map = np.zeros(shape, np.uint8)
    for labels in maps:
        np.copyto(part_map, labels, where=labels > 0)
    return part_map


def _stack(maps: list[np.ndarray], shape: tuple[int, int]) -> PeopleMaps:
    """P people from their label maps (H, W), of which there may be none."""
    return PeopleMaps.from_label_maps(np.array(maps, np.uint8).reshape(-1, *shape))
