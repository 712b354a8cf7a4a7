"""MhpFiles: truth as LV-MHP-v2 ships it, predictions as its evaluation server took them."""

import os.path as osp
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps

from .folders import label_files, names_with, read_map, require_folders
from .records import PredictedImage, TrueImage, scores_of_parts

_MASK_NAME = re.compile(r'(?P<image>.+)_\d+_(?P<person>\d+)')


class MhpFiles:
    """Truth and predictions in LV-MHP-v2's layout.

    The truth is ``NAME_NN_KK.png``, one map a person, in the folder or in ``parsing_annos`` there, with the label in
    the red channel; people may overlap. Where they do, the later is on top in the part map. A prediction is
    ``global_seg/NAME.png``, the part map, ``global_tag/NAME.png``, the person map, and a line ``NAME id score`` for
    each person in ``results.txt``. A listed person without pixels is dropped, as the official script does. An
    image with an empty person map needs no line, though that script asks for one.

    Args:
        truth, predicted: The folders.
        parts: Names of the part classes, the background first.

    Raises:
        FileNotFoundError: If a folder or the list is missing.
        ValueError: If there is no truth, a prediction without one, or a line of the list is wrong.
    """

    def __init__(self, truth: str, predicted: str, parts: Sequence[str]):
        require_folders(predicted, 'global_seg', 'global_tag', whose='predictions')
        self.parts = tuple(parts)
        self.with_people = True
        inside = osp.join(truth, 'parsing_annos')
        self._masks = _masks_by_image(inside if osp.isdir(inside) else truth)
        self._predicted = predicted
        self._scores = _read_results(osp.join(predicted, 'results.txt'))
        found = label_files(osp.join(predicted, 'global_seg'))
        self.names, self.missing = names_with({name: paths[0] for name, paths in self._masks.items()}, found)
        strange = sorted(self._scores.keys() - set(self.names))
        if strange:
            raise ValueError(f"'{predicted}/results.txt' lists image '{strange[0]}', of which there is no truth.")

    def truth(self, name: str) -> TrueImage:
        first, *others = self._masks[name]
        maps = [read_map(first, channel='red')]
        maps += [read_map(path, maps[0], channel='red') for path in others]
        part_map = np.zeros_like(maps[0])
        for labels in maps:
            np.copyto(part_map, labels, where=labels > 0)
        return TrueImage(part_map, PeopleMaps.from_label_maps(np.stack(maps)))

    def prediction(self, name: str) -> PredictedImage:
        part_map = read_map(osp.join(self._predicted, 'global_seg', f'{name}.png'))
        tag_path = osp.join(self._predicted, 'global_tag', f'{name}.png')
        tags = read_map(tag_path, part_map)
        listed = self._scores.get(name, {})
        present = np.unique(tags[tags > 0])
        unknown = np.setdiff1d(present, list(listed))
        if len(unknown):
            raise ValueError(f"'{tag_path}' has person {unknown[0]}, whom results.txt does not list.")
        # ids as they are listed, without gaps, so that equal scores keep the order of the list
        kept = [person for person in listed if person in present]
        number = np.zeros(int(tags.max(initial=0)) + 1, np.int64)
        number[kept] = np.arange(1, len(kept) + 1)
        people = PeopleMaps(part_map, number[tags], len(kept))
        scores = np.array([listed[person] for person in kept], np.float64)
        return PredictedImage(part_map, people, scores, people, scores_of_parts(people, scores, len(self.parts)))


def _masks_by_image(folder: str) -> dict[str, list[str]]:
    """Paths of each image's masks, in the order of the people."""
    if not osp.isdir(folder):
        raise FileNotFoundError(f"the folder of the truth, '{folder}', does not exist.")
    masks = defaultdict(list)
    for name, path in sorted(label_files(folder).items()):
        match = _MASK_NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"'{path}' is not called NAME_NN_KK.png, as the true map of a person is.")
        masks[match['image']].append(path)
    return masks


def _read_results(path: str) -> dict[str, dict[int, float]]:
    """Scores by image and person, in the order of the list."""
    results = defaultdict(dict)
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, start=1):
            fields = line.split()
            if not fields:
                continue
            try:
                name, person, score = fields[0], int(fields[1]), float(fields[2])
            except (IndexError, ValueError) as error:
                raise ValueError(f"'{path}', line {number}: expected 'NAME id score', got {line.strip()!r}.") from error
            if person < 1 or person in results[name]:
                problem = 'is listed twice' if person in results[name] else 'has an id below 1'
                raise ValueError(f"'{path}', line {number}: person {person} of image '{name}' {problem}.")
            results[name][person] = score
    return results
