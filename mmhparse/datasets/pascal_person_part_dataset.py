"""PascalPersonPartDataset: PASCAL-Person-Part from the releases that it was made of."""

import os.path as osp
from pathlib import PurePosixPath
from typing import Literal

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import IGNORE, PPP_14, ParseAnnotation

from .derived.person_layers import person_boxes
from .human_parse_dataset import HumanParseDataset
from .readers.flagged_joints import IRREGULARITIES as JOINT_IRREGULARITIES
from .readers.image_files import read_image_size
from .readers.index_cache import cached_index
from .readers.pascal_joints import read_pascal_joints
from .readers.pascal_people import PascalPeople, read_pascal_people
from .readers.release_files import Release, files_in, join_inside, read_names

JOINT_FOLDERS = ('PersonJoints', 'pose_annotations')
"""Names that the folder of joints goes by."""
_LISTS = ('pascal_person_part_trainval_list/{}_id.txt', 'pascal_person_part_trainval_list/{}.txt', '{}_id.txt')


@DATASETS.register_module()
class PascalPersonPartDataset(HumanParseDataset):
    """People of PASCAL VOC 2010 in six parts without sides, and 14 joints.

    People and parts are those of PASCAL-Part (Chen et al., "Detect What You Can", CVPR 2014), one struct an object:
    24 parts, merged to six. Later objects hide earlier ones. Joints are those of Xia et al., "Joint Multi-Person Pose
    Estimation and Semantic Part Segmentation" (CVPR 2017), which are assigned to people by boxes
    (:func:`read_pascal_joints`). The semantic maps of the benchmark's own release are not needed: they do not tell
    people apart.

    A .mat file is slow to read, because it holds some twenty masks a person, each of the size of the image. The result
    is stored, a few kilobytes an image (:func:`cached_index`), and read anew where the file has changed.

    Args:
        data_root: Folder of all releases.
        split: 'train' or 'val'.
        ann_file: List of the images, below ``data_root`` unless absolute: one id a line, or the path of an image and
            more. By default the split's list under its usual names.
        unlabelled: Class of a person's pixels that have no part: ``'ignore'`` (255), or ``'background'`` as in the
            semantic maps. People without any known part are ignored in any case.
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If a folder or the list is missing, or no listed image is there.
        ValueError: If a name of the list leaves the folder.
    """

    METAINFO = {'dataset_name': 'pascal_person_part', 'skeleton': 'ppp_14', 'part_set': 'pascal_person_part_6'}
    RELEASE = Release(
        name='PASCAL-Person-Part',
        source='http://host.robots.ox.ac.uk/pascal/VOC/voc2010 (images), '
        'http://roozbehm.info/pascal-parts/pascal-parts.html (PASCAL-Part, trainval.tar.gz), '
        'http://liangchiehchen.com/data/pascal_person_part.zip (lists) and '
        'https://sukixia.github.io/paper.html (joints)',
        tree="""
data_root/
  JPEGImages/<id>.jpg                 of VOC 2010
  Annotations_Part/<id>.mat           PASCAL-Part
  PersonJoints/<id>.mat               joints; or pose_annotations/
  pascal_person_part_trainval_list/   train.txt, val.txt or train_id.txt, val_id.txt; or those in data_root
""",
    )
    IRREGULARITIES = {
        'missing image': 'a listed image without an image file is left out',
        'missing people': 'a listed image without its file of PASCAL-Part is left out',
        'empty mask': 'a person without pixels is left out',
        'hidden person': 'a person who is completely covered by others is left out',
        'person without parts': 'it is ignored for parsing and kept for pose; without joints, it is 255 in both maps',
        'unknown part': 'a part that is not among the 24 is not used',
        'part without pixels': 'it is skipped',
        'part outside of its person': 'the pixels of the part are added to the person',
        'missing joint file': 'the people have parts and no joints',
        'person without joints': 'the person has parts and no joints',
        'joints without person': 'the joints are left out',
        'inverted box': 'the box of joints is not used; the box around the joints replaces it',
        **JOINT_IRREGULARITIES,
    }

    def __init__(
        self,
        data_root: str = 'data/pascal_person_part',
        split: Literal['train', 'val'] = 'train',
        ann_file: str = '',
        unlabelled: Literal['ignore', 'background'] = 'ignore',
        **kwargs,
    ):
        if split not in ('train', 'val') or unlabelled not in ('ignore', 'background'):
            raise ValueError(
                "expected split 'train' or 'val' and unlabelled 'ignore' or 'background', got "
                f"'{split}' and '{unlabelled}'."
            )
        self.unlabelled = unlabelled
        lists = [name.format(split) for name in _LISTS]
        ann_file = ann_file or next((name for name in lists if osp.isfile(osp.join(data_root, name))), lists[0])
        super().__init__(data_root=data_root, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict an image: the keys of the base class, and ``people`` (path) and ``joints`` (path or None)."""
        self.RELEASE.require(self.data_root, 'JPEGImages', 'Annotations_Part')
        folder = next((name for name in JOINT_FOLDERS if osp.isdir(osp.join(self.data_root, name))), JOINT_FOLDERS[0])
        self.RELEASE.require(self.data_root, folder, osp.relpath(self.ann_file, self.data_root))
        images = files_in(osp.join(self.data_root, 'JPEGImages'))
        people, joints = (files_in(osp.join(self.data_root, name), ['.mat']) for name in ('Annotations_Part', folder))
        data_list = []
        for line in read_names(self.ann_file):
            name = PurePosixPath(line.split()[0]).stem
            join_inside(self.data_root, line.split()[0].lstrip('/'))
            if name not in images or name not in people:
                kind = 'missing image' if name not in images else 'missing people'
                self.note(kind, self.ann_file, f"image '{name}' is listed")
                continue
            info = dict(img_path=images[name], img_id=len(data_list), ann_path=people[name])
            data_list.append(info | dict(people=people[name], joints=joints.get(name)))
        if not data_list:
            raise FileNotFoundError(
                f"none of the images of '{self.ann_file}' has an image and a file of PASCAL-Part in '{self.data_root}'."
            )
        return data_list

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """Reads people and parts, assigns the joints to people, and leaves out people who are covered completely.

        Raises:
            ValueError: If a file is broken, or a mask is of another size than the image.
        """
        size = read_image_size(data_info['img_path'], exif=self.exif)
        people = self._people(data_info['people'], size)
        joints = self._joints(data_info, people, size)
        with_joints = (joints[..., 2] > 0).any(axis=1)
        seen = np.bincount(people.person_map.ravel(), minlength=len(joints) + 1)[1:] > 0
        self._note_people(people, seen, data_info['people'])
        kept = seen & (people.with_parts | with_joints)
        ids = np.full(len(kept) + 1, IGNORE, np.int32)
        ids[0], ids[1:][kept] = 0, np.arange(1, kept.sum() + 1)
        person_map = ids[people.person_map]
        return ParseAnnotation(
            part_map=self._part_map(people),
            person_map=person_map,
            joints=joints[kept],
            boxes=person_boxes(person_map, int(kept.sum())),
        )

    def _people(self, path: str, size: tuple[int, int]) -> PascalPeople:
        name = f'pascal_people/{PurePosixPath(path).stem}'
        content = cached_index(name, self.data_root, [path], lambda: read_pascal_people(path, size).to_json())
        people = PascalPeople.from_json(content)
        if people.part_map.shape != size[::-1]:
            raise ValueError(
                f"the masks of '{path}' are {people.part_map.shape[1]} x {people.part_map.shape[0]} (width x height), "
                f'but the image is {size[0]} x {size[1]}: check that they belong together, and that neither was '
                'resized or rotated.'
            )
        return people

    def _joints(self, data_info: dict, people: PascalPeople, size: tuple[int, int]) -> np.ndarray:
        """(P, 14, 3) float32."""
        path = data_info['joints']
        if path is None:
            self.note('missing joint file', data_info['img_path'], 'the image has no .mat file of joints')
            return np.zeros((len(people.boxes), len(PPP_14), 3), np.float32)
        return read_pascal_joints(path, people.boxes, size, lambda kind, detail: self.note(kind, path, detail))

    def _note_people(self, people: PascalPeople, seen: np.ndarray, path: str) -> None:
        for kind, detail in people.notes:
            self.note(kind, path, detail)
        for person in np.flatnonzero(~people.with_parts):
            self.note('person without parts', path, f'at {people.boxes[person].tolist()}')
        for person in np.flatnonzero(~seen):
            self.note('hidden person', path, f'at {people.boxes[person].tolist()}')

    def _part_map(self, people: PascalPeople) -> np.ndarray:
        """(H, W) uint8."""
        if self.unlabelled == 'ignore':
            return people.part_map
        no_part = (people.part_map == IGNORE) & np.append(False, people.with_parts)[people.person_map]
        return np.where(no_part, 0, people.part_map).astype(np.uint8)
