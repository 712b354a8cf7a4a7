"""LvMhpV2Dataset: LV-MHP-v2 as its authors ship it."""

import os.path as osp
import re
from collections import defaultdict
from pathlib import PurePath
from typing import Literal

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import IGNORE, MHP_16, MHP_V2_58, ParseAnnotation

from .derived.person_layers import PersonLayer, flatten_layers
from .human_parse_dataset import HumanParseDataset
from .readers.flagged_joints import IRREGULARITIES as JOINT_IRREGULARITIES
from .readers.image_files import read_image_size
from .readers.label_maps import check_map_size
from .readers.mhp_masks import read_mhp_masks
from .readers.mhp_poses import MhpPose, match_poses, read_mhp_poses
from .readers.release_files import Release, files_in, join_inside, read_names

_MASK_NAME = re.compile(r'(?P<image>.+)_(?P<people>\d+)_(?P<person>\d+)')


@DATASETS.register_module()
class LvMhpV2Dataset(HumanParseDataset):
    """People in 58 parts and 16 joints, of Zhao et al., "Understanding Humans in Crowded Scenes" (ACM MM 2018).

    Each person has a PNG of its own with the label in the red channel (grey and palette PNGs are read, too), and a pose
    in the image's .mat file. Poses and masks are matched by boxes, not by number (:func:`match_poses`). Where masks
    overlap, the later person is on top, as in other readers of these files.

    Decoding the PNGs takes most of the time of a sample. The labelled window of each is stored, a few kilobytes a
    person (:func:`cached_index`), and read anew where a file has changed.

    Args:
        data_root: The folder ``LV-MHP-v2``.
        split: 'train' or 'val'; the labels of the test images are not public.
        ann_file: List of the images, below ``data_root`` unless absolute; by default ``list/<split>.txt``.
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If a folder or the list is missing, or no listed image is there.
        ValueError: If a name of the list leaves the folder.
    """

    METAINFO = {'dataset_name': 'lv_mhp_v2', 'skeleton': 'mhp_16', 'part_set': 'mhp_v2_58'}
    RELEASE = Release(
        name='LV-MHP-v2',
        source='https://lv-mhp.github.io/dataset (or https://github.com/ZhaoJ9014/Multi-Human-Parsing)',
        tree="""
LV-MHP-v2/
  list/train.txt, val.txt                      one id a line
  train/images/<id>.jpg
  train/parsing_annos/<id>_<NN>_<KK>.png       NN people, KK = 01 ... NN
  train/pose_annos/<id>.mat                    person_0, person_1 ...
  val/                                         the same
""",
    )
    IRREGULARITIES = {
        'missing image': 'a listed image without an image file is left out',
        'missing masks': 'a listed image without masks is left out; of other missing masks the people are left out',
        'empty mask': 'a person without pixels is left out',
        'label out of range': 'pixels with labels above 58 are ignored (255) and keep their person',
        'missing pose file': 'the people have parts and no joints',
        'person without pose': 'the person has parts and no joints',
        'pose without mask': 'the pose is left out; its box is ignored (255) except for pixels of other people',
        'pose of another number': 'the pose goes to the mask with the box that it fits',
        'inverted box': 'the box of a pose is not used; the box around its joints replaces it',
        **JOINT_IRREGULARITIES,
    }

    def __init__(
        self, data_root: str = 'data/LV-MHP-v2', split: Literal['train', 'val'] = 'train', ann_file: str = '', **kwargs
    ):
        if split not in ('train', 'val'):
            raise ValueError(f"split must be 'train' or 'val' (the test labels are not public), got '{split}'.")
        self.split = split
        super().__init__(data_root=data_root, ann_file=ann_file or f'list/{split}.txt', **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict an image: the keys of the base class, and ``masks`` (paths) and ``pose`` (path or None)."""
        folders = [f'{self.split}/{kind}' for kind in ('images', 'parsing_annos', 'pose_annos')]
        self.RELEASE.require(self.data_root, *folders)
        image_folder, mask_folder, pose_folder = (osp.join(self.data_root, folder) for folder in folders)
        images, poses = files_in(image_folder), files_in(pose_folder, ['.mat'])
        masks_of = self._masks_by_image(files_in(mask_folder))
        data_list = []
        for name in read_names(self.ann_file):
            join_inside(self.data_root, name)
            paths = masks_of.get(name, [])
            if name not in images or not paths:
                kind = 'missing masks' if name in images else 'missing image'
                self.note(kind, self.ann_file, f"image '{name}' is listed")
                continue
            info = dict(img_path=images[name], img_id=len(data_list), num_people=len(paths), ann_path=paths[0])
            data_list.append(info | dict(masks=paths, pose=poses.get(name)))
        if not data_list:
            raise FileNotFoundError(
                f"no image of the list '{self.ann_file}' is in '{self.data_root}/{self.split}' with its masks. Does "
                'the list belong to this split?'
            )
        return data_list

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """Reads the masks, assigns the poses to them and lays the people over each other.

        Raises:
            ValueError: If a file is broken, or a mask is of another size than the image.
        """
        size = read_image_size(data_info['img_path'], exif=self.exif)
        name = f'{self.split}/{PurePath(data_info["img_path"]).stem}'
        masks = dict(zip(data_info['masks'], read_mhp_masks(data_info['masks'], name, self.data_root), strict=True))
        for path, mask in masks.items():
            check_map_size(path, mask.size, size)
            if not mask.labels.size:
                self.note('empty mask', path, 'no pixel has a label')
        masks = {path: mask for path, mask in masks.items() if mask.labels.size}
        poses = self._read_poses(data_info, size)
        owners = match_poses(np.array([mask.box for mask in masks.values()]).reshape(-1, 4), poses)  # (N,)
        crowd = np.zeros(size[::-1], bool)
        for pose in (pose for pose, owner in zip(poses, owners, strict=True) if owner < 0):
            self.note('pose without mask', data_info['pose'], pose.name)
            x1, y1, x2, y2 = pose.box.clip(0, max(size)).round().astype(int)
            crowd[y1 : y2 + 1, x1 : x2 + 1] = True
        layers = []
        for index, (path, mask) in enumerate(masks.items()):
            pose = next((pose for pose, owner in zip(poses, owners, strict=True) if owner == index), None)
            self._note_pose(pose, path, data_info['pose'])
            labels = self._in_range(mask.labels, path)
            layers.append(PersonLayer(labels > 0, labels, None if pose is None else pose.joints, mask.window))
        return flatten_layers(layers, crowd, len(MHP_16), on_top='later')

    def _masks_by_image(self, masks: dict[str, str]) -> dict[str, list[str]]:
        """Paths of each image's masks by the name of the image, in the order of the numbers of the people.

        Args:
            masks: Paths by stem, ``<id>_<NN>_<KK>``: of image ``10_5`` with two people, ``10_5_02_01`` and
                ``10_5_02_02``.

        Raises:
            ValueError: If two masks have one number, or different numbers of people.
        """
        numbered: dict[str, dict[int, str]] = defaultdict(dict)
        people: dict[str, int] = {}
        for stem, path in sorted(masks.items()):
            match = _MASK_NAME.fullmatch(stem)
            if match:
                name, number = match['image'], int(match['person'])
                if number in numbered[name] or people.setdefault(name, int(match['people'])) != int(match['people']):
                    other = numbered[name].get(number) or next(iter(numbered[name].values()))
                    raise ValueError(
                        f"'{other}' and '{path}' number the people of image '{name}' differently: keep the masks of "
                        'one numbering.'
                    )
                numbered[name][number] = path
        for name, paths in numbered.items():
            if len(paths) != people[name]:
                first = next(iter(paths.values()))
                self.note('missing masks', first, f'{len(paths)} of {people[name]} people have a mask')
        return {name: [paths[number] for number in sorted(paths)] for name, paths in numbered.items()}

    def _in_range(self, labels: np.ndarray, path: str) -> np.ndarray:
        """The labels of a person, with 255 for those out of range."""
        highest = labels.max()
        if highest < len(MHP_V2_58):
            return labels
        wrong = labels >= len(MHP_V2_58)
        self.note('label out of range', path, f'{wrong.sum()} pixels up to label {highest}')
        return np.where(wrong, np.uint8(IGNORE), labels)

    def _read_poses(self, data_info: dict, size: tuple[int, int]) -> list[MhpPose]:
        if data_info['pose'] is None:
            self.note('missing pose file', data_info['img_path'], 'the image has no .mat file')
            return []
        return read_mhp_poses(data_info['pose'], size, lambda *found: self.note(found[0], data_info['pose'], found[1]))

    def _note_pose(self, pose: MhpPose | None, mask: str, path: str | None) -> None:
        if path is None:
            return
        if pose is None:
            self.note('person without pose', mask, f"no pose in '{path}' fits")
            return
        match = _MASK_NAME.fullmatch(PurePath(mask).stem)
        if match and pose.number != int(match['person']) - 1:
            self.note('pose of another number', path, f'{pose.name} fits the mask of person {int(match["person"])}')
