"""DensePoseCocoDataset: COCO's people with the painted parts of DensePose."""

import os.path as osp
import re
from typing import Literal

import numpy as np

from mmhparse.registry import DATASETS

from .coco_people_dataset import CocoPeopleDataset
from .derived.person_layers import PersonLayer
from .readers.densepose_masks import densepose_part_map
from .readers.release_files import Release, files_in

SPLITS = ('train', 'valminusminival', 'minival')
FOLDERS = ('train2014', 'val2014', 'train2017', 'val2017')
"""Where images may be, the first folder first. 2017 is another division of the same images: look in both."""


@DATASETS.register_module()
class DensePoseCocoDataset(CocoPeopleDataset):
    """People of ``densepose_coco_2014_*.json`` with 14 painted parts and COCO's joints.

    Parts are painted on a grid in the frame of each person's box (:func:`densepose_part_map`). A person's pixels are
    those of its COCO mask and those of its parts; in the part map,

    - pixels of its mask that are no part are 255: the painted outline is not that of the mask;
    - people without painted parts, and there are many, are 255 and keep their id in the person map if they have
      joints: ignored for parsing, kept for pose. Without joints they are 255 in both maps, like crowds.

    The json is found under either of its official names, and images by their COCO number, in whichever of the folders
    of 2014 and 2017 below ``data_prefix['img']`` has them.

    Args:
        data_root: Folder of COCO.
        split: 'train', 'valminusminival' or 'minival'.
        ann_file: The json, below ``data_root`` unless absolute; by default the split's.
        data_prefix: ``dict(img=FOLDER)`` of the folders of images; by default ``data_root`` itself.
        **kwargs: As for :class:`CocoPeopleDataset`.

    Raises:
        FileNotFoundError: If the json or all folders of images are missing.
        ValueError: If the json is not of its format.
    """

    METAINFO = {'dataset_name': 'densepose_coco', 'skeleton': 'coco_17', 'part_set': 'densepose_14'}
    DEFAULTS = {**CocoPeopleDataset.DEFAULTS, 'dp_masks': ()}
    RELEASE = Release(
        name='DensePose-COCO',
        source='https://dl.fbaipublicfiles.com/densepose/densepose_coco_2014_{train,valminusminival,minival}.json '
        '(parts and joints) and https://cocodataset.org (images)',
        tree="""
data_root/
  annotations/densepose_coco_2014_{train,valminusminival,minival}.json, or densepose_{...}2014.json
  train2014/COCO_train2014_000000000009.jpg ... and val2014/COCO_val2014_000000000042.jpg ...
    or train2017/000000000009.jpg ... and val2017/000000000139.jpg ...
""",
    )
    LAYOUT = 'densepose_coco_2014_*.json'
    IRREGULARITIES = {
        **CocoPeopleDataset.IRREGULARITIES,
        'bad part masks': 'a person with other than 14 part masks, a broken one, or a box without area has no known '
        'parts: it is ignored for parsing and kept for pose',
        'no part has pixels': 'a person with empty part masks alone has no known parts: the same',
        'missing image': 'an image that is in no folder stays in the list and raises an error when it is read',
    }

    def __init__(
        self,
        data_root: str = 'data/coco',
        split: Literal['train', 'valminusminival', 'minival'] = 'train',
        ann_file: str = '',
        data_prefix: dict | None = None,
        **kwargs,
    ):
        if split not in SPLITS:
            raise ValueError(f"split must be one of {SPLITS} (the labels of 'test' are not public), got '{split}'.")
        ann_file = ann_file or f'annotations/densepose_coco_2014_{split}.json'
        super().__init__(ann_file, data_root, data_prefix or {'img': ''}, **kwargs)

    def person_layer(self, person: dict, mask: np.ndarray, joints: np.ndarray) -> PersonLayer:
        return self.parsed_layer(person, mask, self._parts(person, mask.shape), joints)

    def counts(self, person: dict) -> bool:
        return super().counts(person) or (not person['iscrowd'] and any(person['dp_masks']))

    def require_files(self) -> None:
        self.ann_file = _under_either_name(self.ann_file)
        if not osp.isfile(self.ann_file):
            root = self.data_root or osp.dirname(self.ann_file) or '.'
            self.RELEASE.require(root, osp.relpath(self.ann_file, root))
        if not self._image_folders():
            self.RELEASE.require(self.data_prefix['img'], *FOLDERS)

    def load_data_list(self) -> list[dict]:
        self._paths = self._paths_by_number()
        return super().load_data_list()

    def image_path(self, image: dict) -> str:
        number = _number_of(osp.splitext(osp.basename(image['file_name']))[0])
        if number in self._paths:
            return self._paths[number]
        self.note('missing image', self.ann_file, f"image {image['id']}: '{image['file_name']}'")
        return osp.join(self.data_prefix['img'], FOLDERS[0], osp.basename(image['file_name']))

    def _paths_by_number(self) -> dict[str, str]:
        """Paths of all images by COCO's number; of several folders that have one, the first counts."""
        paths: dict[str, str] = {}
        for folder in reversed(self._image_folders()):
            found: dict[str, str] = {}
            for stem, path in files_in(folder).items():
                number = _number_of(stem)
                if number in found:
                    raise ValueError(f"'{found[number]}' and '{path}' have one number, {number}: remove one of them.")
                found[number] = path
            paths |= found
        return paths

    def _image_folders(self) -> list[str]:
        folders = [osp.join(self.data_prefix['img'], name) for name in FOLDERS]
        return [folder for folder in folders if osp.isdir(folder)]

    def _parts(self, person: dict, size: tuple[int, int]) -> np.ndarray | None:
        """(H, W) uint8, None if no part is known."""
        if not person['dp_masks']:
            return None
        try:
            parts = densepose_part_map(person['dp_masks'], person['bbox'], size)
        except ValueError as error:
            self.note('bad part masks', self.ann_file, f'annotation {person["id"]}: {error}')
            return None
        if not parts.any():
            self.note('no part has pixels', self.ann_file, f'annotation {person["id"]}')
            return None
        return parts


def _number_of(stem: str) -> str:
    """COCO's number of an image: ``000000000009`` of ``COCO_train2014_000000000009`` and of ``000000000009``."""
    return stem[-12:]


def _under_either_name(path: str) -> str:
    """The path of the same file under its other official name, if only that exists."""
    folder, name = osp.split(path)
    split = re.fullmatch(r'densepose_coco_2014_(\w+)\.json|densepose_(\w+)2014\.json', name)
    if split and not osp.isfile(path):
        other = f'densepose_{split[1]}2014.json' if split[1] else f'densepose_coco_2014_{split[2]}.json'
        return osp.join(folder, other) if osp.isfile(osp.join(folder, other)) else path
    return path
