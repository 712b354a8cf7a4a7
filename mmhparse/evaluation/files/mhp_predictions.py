"""MhpPredictions: predictions as the evaluation server of LV-MHP-v2 takes them."""

import os.path as osp
from collections.abc import Mapping, Sequence

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps

from .folders import files_in, first_missing, read_map, read_part_map, require_folders
from .mhp_results import read_mhp_results
from .records import PredictedImage, scores_of_parts


class MhpPredictions:
    """Predictions in LV-MHP-v2's layout.

    A prediction is ``global_seg/NAME.png``, the part map, ``global_tag/NAME.png``, the person map, and a line of
    ``results.txt`` (:mod:`.mhp_results`). A listed person without pixels is dropped, as the official script does. An
    image with an empty person map needs no line, although that script asks for one.

    Args:
        folder: The folder.
        parts: Names of the part classes, the background first.

    Attributes:
        files: Paths by layout, then by image.
        results_path: The path of ``results.txt``.
        scores: Its scores by image, then by person.

    Raises:
        FileNotFoundError: If a folder or ``results.txt`` is missing.
        ValueError: If a line of ``results.txt`` is wrong.
    """

    with_people = True

    def __init__(self, folder: str, parts: Sequence[str]):
        require_folders(folder, 'global_seg', 'global_tag', whose='predictions')
        self.parts = tuple(parts)
        self.results_path = osp.join(folder, 'results.txt')
        self.scores = read_mhp_results(self.results_path)
        self.files = {
            f'{name}/NAME.png': files_in(osp.join(folder, name), '.png') for name in ('global_seg', 'global_tag')
        }
        self.names = tuple(sorted(self.files['global_seg/NAME.png']))
        self.missing: Mapping[str, str] = first_missing(self.names, self.files)

    def prediction(self, name: str) -> PredictedImage:
        seg_path, tag_path = (files[name] for files in self.files.values())
        part_map = read_part_map(seg_path, self.parts)
        tags = read_map(tag_path, part_map)
        listed = self.scores.get(name, {})
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
