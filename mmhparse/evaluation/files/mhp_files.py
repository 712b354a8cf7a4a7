"""MhpFiles: truth as LV-MHP-v2 is released, predictions as its evaluation server takes them."""

import os.path as osp
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps

from .folders import FilesByName, files_in, match_names, read_part_map
from .mhp_predictions import MhpPredictions
from .records import PredictedImage, TrueImage

_MASK_NAME = re.compile(r'(?P<image>.+)_(?P<people>\d+)_(?P<person>\d+)')


class MhpFiles:
    """Truth and predictions in LV-MHP-v2's layout.

    The truth is ``NAME_NN_KK.png``, one map a person, in the folder or in ``parsing_annos`` there, with the label in
    the red channel; people may overlap. Where they do, the later is on top in the part map.
    :class:`.MhpPredictions` describes predictions.

    Args:
        truth, predicted: The folders.
        parts: Names of the part classes, the background first.

    Raises:
        FileNotFoundError: If a folder or ``results.txt`` is missing.
        ValueError: If there is no truth, masks of a true person are missing, there is a prediction without truth, or a
            line of ``results.txt`` is wrong.
    """

    with_people = True

    def __init__(self, truth: str, predicted: str, parts: Sequence[str]):
        self._predictions = MhpPredictions(predicted, parts)
        self.parts = self._predictions.parts
        inside = osp.join(truth, 'parsing_annos')
        folder = inside if osp.isdir(inside) else truth
        self._masks = _masks_by_image(folder)
        firsts = {name: paths[0] for name, paths in self._masks.items()}
        self.names, self.missing = match_names({'NAME_NN_KK.png': firsts}, self._predictions.files, folder)
        unknown = sorted(self._predictions.scores.keys() - set(self.names))
        if unknown:
            raise ValueError(
                f"'{self._predictions.results_path}' lists image '{unknown[0]}', of which there is no truth."
            )

    def truth(self, name: str) -> TrueImage:
        first, *others = self._masks[name]
        maps = [read_part_map(first, self.parts, channel='red', may_ignore=True)]
        maps += [read_part_map(path, self.parts, maps[0], 'red', may_ignore=True) for path in others]
        part_map = np.zeros_like(maps[0])  # (H, W)
        for labels in maps:
            np.copyto(part_map, labels, where=labels > 0)
        return TrueImage(part_map, PeopleMaps.from_label_maps(np.stack(maps)))

    def prediction(self, name: str) -> PredictedImage:
        return self._predictions.prediction(name)


def _masks_by_image(folder: str) -> dict[str, list[str]]:
    """Paths of each image's masks, in the order of the people.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If a file has another name, or an image has not as many masks as their names say.
    """
    if not osp.isdir(folder):
        raise FileNotFoundError(f"the folder of the truth, '{folder}', does not exist.")
    masks: defaultdict[str, list[str]] = defaultdict(list)
    counts: FilesByName = {}
    for name, path in sorted(files_in(folder, '.png').items()):
        match = _MASK_NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"'{path}' is not called NAME_NN_KK.png, as the true map of a person is.")
        masks[match['image']].append(path)
        counts.setdefault(match['image'], match['people'])
    for image, paths in masks.items():
        if int(counts[image]) != len(paths):
            raise ValueError(
                f"'{paths[0]}' is of an image of {int(counts[image])} people, but '{folder}' has {len(paths)} maps of "
                'it: get the truth again.'
            )
    return dict(masks)
