"""CocoPredictions: predicted people and parts in a json file of COCO's format."""

from collections.abc import Mapping, Sequence

import numpy as np

from .coco_people import CocoPeople, person_id
from .records import PredictedImage, overlay, stack_people


class CocoPredictions:
    """Predictions in the layout of the inferencer's ``coco.json``.

    A person is an annotation of the category ``person``; a part has the category of its name, with ``supercategory``
    'part', and the ``person_id`` of its person, which is the person's ``person_id``, or ``id`` if it has none. Both
    have a ``score``. Annotations of other categories are not read.

    Args:
        path: The file, or a folder with a ``coco.json``.
        parts: Names of the part classes, the background first, in the order that labels shall have; those of the file
            in its own order if empty.
        whose: Whose these parts are, for messages.

    Attributes:
        path: The file.
        shapes: (H, W) of the images by name.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not of this layout, or has a part that is not among ``parts``.
    """

    with_people = True

    def __init__(self, path: str, parts: Sequence[str] = (), whose: str = 'the part set'):
        self._file = CocoPeople(path, with_scores=True)
        self.path, self.shapes = self._file.path, self._file.shapes
        self.parts = tuple(parts) or self._file.parts
        unknown = sorted(set(self._file.parts) - set(self.parts))
        if unknown:
            raise ValueError(f"'{self.path}' has parts that {whose} does not know: {unknown}.")
        self.names = tuple(self.shapes)
        self.missing: Mapping[str, str] = {}

    def prediction(self, name: str) -> PredictedImage:
        file, shape = self._file, self.shapes[name]
        records = file.people(name, crowds=False)
        maps = [file.label_map(name, person, self.parts, 0) for person in records]
        scores = np.array([person['score'] for person in records], np.float64)  # (P,)
        part_scores = np.full((len(records), len(self.parts)), np.nan)  # (P, C)
        for row, person in enumerate(records):
            for part in file.parts_of(person):
                part_scores[row, self.parts.index(file.part_name(part))] = part['score']
        people = stack_people(maps, shape)
        ids = [person_id(person) for person in records]
        return PredictedImage(overlay(maps, shape), people, scores, ids, people, part_scores)
