"""CihpPredictions: predictions as the CIHP challenge takes them, and as the inferencer writes them."""

import os.path as osp
from collections.abc import Mapping, Sequence

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps, merge_runs, show_score
from mmhparse.structures import IGNORE

from .folders import (
    FilesByName,
    files_in,
    first_missing,
    present_ids,
    read_map,
    read_part_map,
    read_table,
    require_folders,
)
from .records import PredictedImage

_MAP, _NUMBERS, _TABLE, _PEOPLE = (
    'global_parsing/NAME.png',
    'instance_parsing/NAME.png',
    'instance_parsing/NAME.txt',
    'Human_ids/NAME.png',
)


class CihpPredictions:
    """Predictions in CIHP's layout.

    A prediction is ``global_parsing/NAME.png``, the part map, and ``instance_parsing/NAME.png``, in which value n is
    the part of line n of the table ``instance_parsing/NAME.txt``, ``class score``. The challenge does not ask which
    person has which part: if there is a folder ``Human_ids`` as well, people are read too, each with the mean score of
    its parts (0 without any). People are the ids that occur in a map; there may be gaps.

    Args:
        folder: The folder.
        parts: Names of the part classes, the background first.

    Attributes:
        with_people: Whether there is a folder ``Human_ids``.
        files: Paths by layout, then by image.

    Raises:
        FileNotFoundError: If a folder is missing.
    """

    def __init__(self, folder: str, parts: Sequence[str]):
        require_folders(folder, 'global_parsing', 'instance_parsing', whose='predictions')
        self.parts = tuple(parts)
        self.with_people = osp.isdir(osp.join(folder, 'Human_ids'))
        layouts = [_MAP, _NUMBERS, _TABLE, *([_PEOPLE] if self.with_people else [])]
        self.files = {layout: files_of_layout(folder, layout) for layout in layouts}
        self.names = tuple(sorted(self.files[_MAP]))
        self.missing: Mapping[str, str] = first_missing(self.names, self.files)

    def prediction(self, name: str) -> PredictedImage:
        part_map = read_part_map(self.files[_MAP][name], self.parts)
        numbers = read_map(self.files[_NUMBERS][name], part_map)  # (H, W); line of the table, 0 = no part
        labels, scores = self._read_parts(name, numbers)  # (Q,) each
        people, person_scores, ids = None, np.zeros(0), []
        if self.with_people:
            person_map = self._read_people(name, part_map)
            ids = present_ids(person_map)
            people = PeopleMaps.from_ids(part_map, person_map, ids)
            owns = _owned_parts(people, numbers, len(scores))  # (P, Q)
            self._check_scores(name, scores, owns, ids)
            # each a sum over an array of its own, which has the bits of numpy.mean: ties depend on the last one
            person_scores = np.array([scores[own].mean() if own.any() else 0.0 for own in owns])  # (P,)
        else:
            self._check_scores(name, scores, np.zeros((0, len(scores)), bool), ids)
        regions = PeopleMaps(np.append(0, labels).astype(np.uint8)[numbers], numbers, len(labels))
        region_scores = np.full((len(labels), len(self.parts)), np.nan)  # (Q, C)
        region_scores[np.arange(len(labels)), labels] = scores
        return PredictedImage(part_map, people, person_scores, ids, regions, region_scores)

    def _read_people(self, name: str, part_map: np.ndarray) -> np.ndarray:
        """(H, W) person map of a prediction."""
        path = self.files[_PEOPLE][name]
        person_map = read_map(path, part_map)
        if person_map.dtype == np.uint8 and (person_map == IGNORE).any():
            raise ValueError(
                f"'{path}' has person id {IGNORE}, which means ignore in 8 bits: number people from 1 to 254, or write "
                '16 bits.'
            )
        return person_map

    def _read_parts(self, name: str, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(Q,) classes and (Q,) scores of the parts with these numbers."""
        table, map_path = self.files[_TABLE][name], self.files[_NUMBERS][name]
        rows = read_table(table, ('class', 'score'))  # (Q, 2)
        wrong = np.flatnonzero(~np.isin(rows[:, 0], np.arange(1, len(self.parts))))
        if len(wrong):
            raise ValueError(
                f"'{table}', line {wrong[0] + 1}: classes must be whole numbers from 1 to {len(self.parts) - 1}, got "
                f'{rows[wrong[0], 0]:g}.'
            )
        if numbers.max(initial=0) > len(rows):
            raise ValueError(f"'{map_path}' has value {numbers.max()}, but '{table}' has only {len(rows)} lines.")
        if numbers.dtype == np.uint8 and len(rows) > 255:
            raise ValueError(f"'{table}' has {len(rows)} lines, but 8 bits of '{map_path}' number 255: write 16 bits.")
        return rows[:, 0].astype(np.int64), rows[:, 1]

    def _check_scores(self, name: str, scores: np.ndarray, owns: np.ndarray, ids: Sequence[int]) -> None:
        """Refuses scores (Q,) that are not finite, naming the people that own (P, Q) the part."""
        wrong = np.flatnonzero(~np.isfinite(scores)).tolist()
        if wrong:
            owners = [str(ids[row]) for row in np.flatnonzero(owns[:, wrong[0]]).tolist()]
            whose = f' of the part of person {" and ".join(owners)}' if owners else ''
            raise ValueError(
                f"'{self.files[_TABLE][name]}', line {wrong[0] + 1}: the score{whose} is "
                f'{show_score(float(scores[wrong[0]]))}; expected a finite number.'
            )


def files_of_layout(root: str, layout: str) -> FilesByName:
    """The files of one layout, such as 'Human_ids/NAME.png', by name."""
    folder, name = layout.split('/')
    return files_in(osp.join(root, folder), osp.splitext(name)[1])


def _owned_parts(people: PeopleMaps, numbers: np.ndarray, num_parts: int) -> np.ndarray:
    """(P, Q) bool; the parts that each person has pixels of, where ``numbers`` (H, W) are 1 ... Q."""
    owns = np.zeros((people.num_people + 1, num_parts + 1), bool)
    (person_map, number_map), _ = merge_runs([people.person_map, numbers[None]])  # (1, N)
    owns[person_map[0], number_map[0]] = True
    return owns[1:, 1:]
