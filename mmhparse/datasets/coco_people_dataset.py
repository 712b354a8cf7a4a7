"""CocoPeopleDataset: the base of the data sets in COCO's format."""

import os.path as osp
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from mmhparse.structures import IGNORE, ParseAnnotation

from .derived.person_layers import PersonLayer, flatten_layers
from .human_parse_dataset import HumanParseDataset
from .readers.coco_json import CocoContent, read_coco_json
from .readers.coco_masks import box_mask, segmentation_mask
from .readers.release_files import join_inside


class CocoPeopleDataset(HumanParseDataset):
    """Base of the data sets whose people are annotations in a json of COCO's format.

    People are the annotations of the category ``person``. Where masks overlap, the smaller person is on top; crowds
    (``iscrowd``) are 255 in both maps and below all (:func:`flatten_layers`). Person ids follow the order of the
    annotations. A subclass implements :meth:`person_layer`, the labels of one person.

    Args:
        ann_file: The json, below ``data_root`` unless absolute.
        data_root: Folder of the data set.
        data_prefix: ``dict(img=FOLDER)`` of the images, below ``data_root`` unless absolute.
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If the json or the folder of images is missing.
        ValueError: If the json lacks something or has a value of a wrong type (:func:`read_coco_json`), names other
            joints than those of the skeleton, or an image outside of the folder of images.
    """

    REQUIRED: tuple[str, ...] = ('id', 'image_id', 'category_id', 'bbox')
    """Keys that each person must have."""
    DEFAULTS: dict[str, object] = {'iscrowd': 0, 'segmentation': (), 'keypoints': ()}
    """Values of keys that a person may lack. No other keys are kept."""
    LAYOUT = 'person_keypoints_*.json'
    """What messages call the layout."""
    IRREGULARITIES: Mapping[str, str] = {
        'empty mask': 'a person without pixels is ignored: its box is 255 in both maps',
        'bad joint': 'a labelled joint outside of the image, not a number, or with a visibility other than 0, 1 or 2 '
        'becomes unlabelled',
    }

    def __init__(self, ann_file: str, data_root: str = '', data_prefix: dict | None = None, **kwargs):
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=data_prefix or {'img': 'images'}, **kwargs)

    @abstractmethod
    def person_layer(self, person: dict, mask: np.ndarray, joints: np.ndarray) -> PersonLayer:
        """The labels of one person that is no crowd, as far as they are known.

        Args:
            person: Its annotation; the keys of ``REQUIRED`` and ``DEFAULTS``.
            mask: (H, W) bool; the pixels of its ``segmentation``.
            joints: (K, 3) float32; irregular ones are unlabelled.
        """

    def load_data_list(self) -> list[dict]:
        """One dict an image: the keys of the base class, and ``height``, ``width`` and ``persons`` (annotations)."""
        content = self.read_json()
        persons = defaultdict(list)
        for record in self.people(content):
            known = {key: record[key] for key in (*self.REQUIRED, *self.DEFAULTS) if key in record}
            person = self.DEFAULTS | known
            self._check_joint_count(person)
            persons[record['image_id']].append(person)
        return [self._data_info(image, persons[image['id']]) for image in content.images]

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """Decodes the masks and lays the people over each other.

        Raises:
            ValueError: If a mask has another size than the image, or is broken.
        """
        size = data_info['height'], data_info['width']
        crowd = np.zeros(size, bool)
        layers = []
        for person in data_info['persons']:
            mask = self.mask(person, size)
            if person['iscrowd']:
                crowd |= mask
            else:
                layers.append(self.person_layer(person, mask, self.joints(person, size)))
        return flatten_layers(layers, crowd, len(self.skeleton))

    def mask(self, annotation: dict, size: tuple[int, int]) -> np.ndarray:
        """(H, W) bool; the pixels of an annotation's ``segmentation``.

        Raises:
            ValueError: If it is broken or has another size than the image; the message names the annotation.
        """
        try:
            return segmentation_mask(annotation['segmentation'], size)
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: annotation {annotation["id"]}: {error}') from error

    def parsed_layer(self, person: dict, mask: np.ndarray, parts: np.ndarray | None, joints: np.ndarray) -> PersonLayer:
        """A person as far as it is known: pixels of its mask that belong to no part are 255 in its part map.

        Args:
            person, mask, joints: As for :meth:`person_layer`.
            parts: (H, W) uint8 part classes, 0 elsewhere; its pixels belong to the person, too. None if no part is
                known.
        """
        known_joints = joints if (joints[:, 2] > 0).any() else None
        if parts is not None:
            no_part = parts == 0
            return PersonLayer(mask | ~no_part, np.where(no_part, np.uint8(IGNORE), parts), known_joints)
        return PersonLayer(mask, None, known_joints) if mask.any() else self.ignored_box(person, mask.shape)

    def ignored_box(self, person: dict, size: tuple[int, int]) -> PersonLayer:
        """A person without mask: its box is ignored instead."""
        self.note('empty mask', self.ann_file, f'annotation {person["id"]}')
        return PersonLayer(box_mask(person['bbox'], size))

    def joints(self, person: dict, size: tuple[int, int]) -> np.ndarray:
        """(K, 3) float32; irregular joints and those that the file calls unlabelled are 0."""
        joints = np.array(person['keypoints'] or np.zeros((len(self.skeleton), 3)), np.float64).reshape(-1, 3)  # (K, 3)
        x, y, visibility = joints.T
        inside = (x >= -0.5) & (y >= -0.5) & (x < size[1] - 0.5) & (y < size[0] - 0.5)
        usable = inside & np.isin(visibility, (1, 2))
        for joint in np.flatnonzero(~usable & (visibility != 0)).tolist():
            name, place = self.skeleton.joints[joint], joints[joint].tolist()
            self.note('bad joint', self.ann_file, f'annotation {person["id"]}: {name} is {place}')
        return np.where(usable[:, None], joints, 0).astype(np.float32)

    def counts(self, person: dict) -> bool:
        """Whether there is something to learn from a person, as far as its annotation alone tells."""
        return not person['iscrowd'] and any(person['keypoints'][2::3])

    def image_path(self, image: dict) -> str:
        """The path of an element of ``images``."""
        try:
            return join_inside(self.data_prefix['img'], image['file_name'])
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: image {image["id"]}: {error}') from error

    def require_files(self) -> None:
        """Raises a FileNotFoundError if the json or the folder of images is missing."""
        if not osp.isfile(self.ann_file):
            raise FileNotFoundError(
                f"annotation file '{self.ann_file}' does not exist. Set data_root to the folder of the data set, and "
                f'ann_file to a json of the layout of {self.LAYOUT} in it.'
            )
        if not osp.isdir(self.data_prefix['img']):
            raise FileNotFoundError(
                f"folder of images '{self.data_prefix['img']}' does not exist. Set data_prefix=dict(img=FOLDER), below "
                'data_root.'
            )

    def read_json(self) -> CocoContent:
        """The content of the annotation file."""
        self.require_files()
        return read_coco_json(self.ann_file, self.LAYOUT)

    def people(self, content: CocoContent) -> list[dict]:
        """The checked annotations of people."""
        category = self.person_category(content)
        records = [record for record in content.annotations if record['category_id'] == category]
        content.check_annotations(records, self.REQUIRED)
        return records

    def person_category(self, content: CocoContent) -> int:
        """The id of the category ``person``. If it names joints, they must be those of the skeleton."""
        people = [category for category in content.categories if category['name'] == 'person']
        if len(people) != 1:
            names = [category['name'] for category in content.categories]
            raise ValueError(f"{self.ann_file}: expected one category 'person', got {names}.")
        (person,) = people
        joints = person.get('keypoints') or self.skeleton.joints
        if not isinstance(joints, list | tuple) or tuple(joints) != self.skeleton.joints:
            raise ValueError(
                f"{self.ann_file}: expected the {len(self.skeleton)} joints of skeleton '{self.skeleton.name}' "
                f'in this order: {self.skeleton.joints}, got {tuple(joints) if isinstance(joints, list) else joints}.'
            )
        return person['id']

    def _check_joint_count(self, person: dict) -> None:
        found, joints = len(person['keypoints']), len(self.skeleton)
        if found not in (3 * joints, 0 if 'keypoints' in self.DEFAULTS else 3 * joints):
            raise ValueError(
                f'{self.ann_file}: annotation {person["id"]}: expected {joints} x (x, y, visibility) = {3 * joints} '
                f'numbers, got {found}.'
            )

    def _data_info(self, image: dict, persons: list[dict]) -> dict:
        return {
            'img_path': self.image_path(image),
            'img_id': image['id'],
            'height': image['height'],
            'width': image['width'],
            'num_people': sum(map(self.counts, persons)),
            'persons': persons,
        }
