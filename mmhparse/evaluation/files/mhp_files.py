"""MhpFiles: truth as LV-MHP-v2 is released, predictions as its evaluation server takes them."""

import os.path as osp
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps

from .folders import FilesByName, files_in, match_names, read_map, read_part_map, require_folders
from .mhp_results import read_mhp_results
from .records import PredictedImage, TrueImage, scores_of_parts

_MASK_NAME = re.compile(r'(?P<image>.+)_(?P<people>\d+)_(?P<person>\d+)')


class MhpFiles:
    """Truth and predictions in LV-MHP-v2's layout.

    The truth is ``NAME_NN_KK.png``, one map a person, in the folder or in ``parsing_annos`` there, with the label in
    the red channel; people may overlap. Where they do, the later is on top in the part map. A prediction is
    ``global_seg/NAME.png``, the part map, ``global_tag/NAME.png``, the person map, and a line of ``results.txt``
    (:mod:`.mhp_results`). A listed person without pixels is dropped, as the official script does. An image with an
    empty person map needs no line, although that script asks for one.

    Args:
        truth, predicted: The folders.
        parts: Names of the part classes, the background first.

    Raises:
        FileNotFoundError: If a folder or ``results.txt`` is missing.
        ValueError: If there is no truth, masks of a true person are missing, there is a prediction without truth, or a
            line of ``results.txt`` is wrong.
    """

    def __init__(self, truth: str, predicted: str, parts: Sequence[str]):
        require_folders(predicted, 'global_seg', 'global_tag', whose='predictions')
        self.parts = tuple(parts)
        self.with_people = True
        inside = osp.join(truth, 'parsing_annos')
        folder = inside if osp.isdir(inside) else truth
        self._masks = _masks_by_image(folder)
        self._results_path = osp.join(predicted, 'results.txt')
        self._scores = read_mhp_results(self._results_path)
        self._predicted = {
            f'{name}/NAME.png': files_in(osp.join(predicted, name), '.png') for name in ('global_seg', 'global_tag')
        }
        firsts = {name: paths[0] for name, paths in self._masks.items()}
        self.names, self.missing = match_names({'NAME_NN_KK.png': firsts}, self._predicted, folder)
        unknown = sorted(self._scores.keys() - set(self.names))
        if unknown:
            raise ValueError(f"'{self._results_path}' lists image '{unknown[0]}', of which there is no truth.")

    def truth(self, name: str) -> TrueImage:
        first, *others = self._masks[name]
        maps = [read_part_map(first, self.parts, channel='red', may_ignore=True)]
        maps += [read_part_map(path, self.parts, maps[0], 'red', may_ignore=True) for path in others]
        part_map = np.zeros_like(maps[0])  # (H, W)
        for labels in maps:
            np.copyto(part_map, labels, where=labels > 0)
        return TrueImage(part_map, PeopleMaps.from_label_maps(np.stack(maps)))

    def prediction(self, name: str) -> PredictedImage:
        seg_path, tag_path = (files[name] for files in self._predicted.values())
        part_map = read_part_map(seg_path, self.parts)
        tags = read_map(tag_path, part_map)
        listed = self._scores.get(name, {})
        present = np.flatnonzero(np.bincount(tags.ravel())[1:]) + 1
        unlisted = sorted(set(present.tolist()) - listed.keys())
        if unlisted:
            raise ValueError(
                f"'{tag_path}' has person {unlisted[0]}, which results.txt does not list: list every person of the map."
            )
        # people in the order of the list, so that equal scores keep it
        ids = [person for person in listed if person in set(present.tolist())]
        people = PeopleMaps.from_ids(part_map, tags, ids)
        scores = np.array([listed[person] for person in ids], np.float64)  # (P,)
        part_scores = scores_of_parts(people, scores, len(self.parts))
        return PredictedImage(part_map, people, scores, tuple(ids), people, part_scores)


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
