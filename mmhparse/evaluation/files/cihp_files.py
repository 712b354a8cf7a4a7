"""CihpFiles: truth as CIHP ships it, predictions as its challenge took them."""

import os.path as osp
from collections.abc import Sequence

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps

from .folders import label_files, names_with, read_map, read_table, require_folders
from .records import PredictedImage, TrueImage


class CihpFiles:
    """Truth and predictions in CIHP's layout.

    The truth is ``Category_ids/NAME.png`` and ``Human_ids/NAME.png``. A prediction is ``global_parsing/NAME.png``, the
    part map, and ``instance_parsing/NAME.png``, whose value n is line n of ``instance_parsing/NAME.txt``, ``class
    score``. The challenge did not ask who has which part: where there is a folder ``Human_ids`` as well, as the
    inferencer writes it, people are scored too, each by the mean score of its parts.

    Args:
        truth, predicted: The folders.
        parts: Names of the part classes, the background first.

    Raises:
        FileNotFoundError: If a folder is missing.
        ValueError: If there is no truth, or a prediction without one.
    """

    def __init__(self, truth: str, predicted: str, parts: Sequence[str]):
        require_folders(truth, 'Category_ids', 'Human_ids', whose='truth')
        require_folders(predicted, 'global_parsing', 'instance_parsing', whose='predictions')
        self.parts = tuple(parts)
        self.with_people = osp.isdir(osp.join(predicted, 'Human_ids'))
        self._truth, self._predicted = truth, predicted
        found = label_files(osp.join(predicted, 'global_parsing'))
        self.names, self.missing = names_with(label_files(osp.join(truth, 'Category_ids')), found)

    def truth(self, name: str) -> TrueImage:
        part_map = read_map(osp.join(self._truth, 'Category_ids', f'{name}.png'))
        person_map = read_map(osp.join(self._truth, 'Human_ids', f'{name}.png'), part_map)
        return TrueImage(part_map, PeopleMaps(part_map, person_map))

    def prediction(self, name: str) -> PredictedImage:
        part_map = read_map(osp.join(self._predicted, 'global_parsing', f'{name}.png'))
        stem = osp.join(self._predicted, 'instance_parsing', name)
        instances = read_map(f'{stem}.png', part_map)
        labels, scores = self._read_parts(f'{stem}.txt', f'{stem}.png', instances)
        regions = PeopleMaps(np.append(0, labels)[instances], instances, len(labels))
        region_scores = np.full((len(labels), len(self.parts)), np.nan)
        region_scores[np.arange(len(labels)), labels] = scores
        people, person_scores = None, np.zeros(0)
        if self.with_people:
            person_map = read_map(osp.join(self._predicted, 'Human_ids', f'{name}.png'), part_map)
            people = PeopleMaps(part_map, person_map)
            person_scores = _mean_scores(people, instances, scores)
        return PredictedImage(part_map, people, person_scores, regions, region_scores)

    def _read_parts(self, table: str, map_path: str, instances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class and score of each instance."""
        rows = read_table(table, ('class', 'score'))
        labels = rows[:, 0].astype(np.int64)
        if (labels != rows[:, 0]).any() or not np.isin(labels, np.arange(1, len(self.parts))).all():
            raise ValueError(f"'{table}': classes must be whole numbers from 1 to {len(self.parts) - 1}.")
        if np.isnan(rows[:, 1]).any():
            raise ValueError(f"'{table}', line {np.flatnonzero(np.isnan(rows[:, 1]))[0] + 1}: the score is NaN.")
        if instances.max(initial=0) > len(rows):
            raise ValueError(f"'{map_path}' has value {instances.max()}, but '{table}' has only {len(rows)} lines.")
        if instances.dtype == np.uint8 and len(rows) > 255:
            raise ValueError(f"'{table}' has {len(rows)} lines, but 8 bits of '{map_path}' number 255: write 16 bits.")
        return labels, rows[:, 1]


def _mean_scores(people: PeopleMaps, instances: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(P,) mean score of the instances that a person has pixels of; 0 for who has none."""
    codes = people.person_map.astype(np.intp).ravel() * (len(scores) + 1) + instances.ravel()
    pixels = np.bincount(codes, minlength=(people.num_people + 1) * (len(scores) + 1))
    owns = pixels.reshape(people.num_people + 1, -1)[1:, 1:] > 0
    return owns @ scores / np.maximum(owns.sum(1), 1)
