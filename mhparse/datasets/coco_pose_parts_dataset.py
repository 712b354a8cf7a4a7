"""CocoPosePartsDataset: COCO's person masks and joints as a parsing set with pseudo part labels."""

import os.path as osp
from collections import defaultdict
from pathlib import PurePosixPath

import mmengine
import numpy as np
from pycocotools import mask as coco_mask

from mhparse.registry import DATASETS
from mhparse.structures import COCO_17, ParseAnnotation

from .human_parse_dataset import HumanParseDataset
from .person_layers import PersonLayer, flatten_layers
from .pseudo_parts import pseudo_part_map

_IMAGE_KEYS = ('id', 'file_name', 'height', 'width')
_PERSON_KEYS = ('id', 'image_id', 'category_id', 'iscrowd', 'segmentation', 'keypoints', 'bbox')


@DATASETS.register_module()
class CocoPosePartsDataset(HumanParseDataset):
    """People of COCO's ``person_keypoints_*.json``, with parts guessed from masks and joints.

    The part labels are **pseudo labels**: each pixel of a person's mask takes the part of the nearest segment between
    that person's joints (:func:`pseudo_part_map`). They suit training and trials, not published comparisons.

    A person is learned from and scored if it has at least one labelled joint and one mask pixel. Every other person
    (without joints, or without a mask, whose box then stands for it) and every crowd is 255 in both maps. Where masks
    overlap, the smaller person is on top; crowds are below all (:func:`flatten_layers`). Person ids follow the order of
    the annotations.

    Args:
        ann_file: The json, below ``data_root`` unless absolute.
        data_root: Folder of the release.
        data_prefix: ``dict(img=FOLDER)`` of the images, below ``data_root`` unless absolute.
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If the json or the folder of images is missing.
        ValueError: If the json lacks something, holds joints that are not COCO's 17, or an image name leaves the
            folder of images.
    """

    METAINFO = {'dataset_name': 'coco_pose_parts', 'skeleton': 'coco_17', 'part_set': 'densepose_14'}

    def __init__(self, ann_file: str, data_root: str = '', data_prefix: dict | None = None, **kwargs):
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=data_prefix or {'img': 'images'}, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict an image: what the base class asks for, and ``height``, ``width``, ``persons`` (COCO's own)."""
        content = self._read_json()
        category = self._person_category(content['categories'])
        persons = defaultdict(list)
        for person in content['annotations']:
            self._require(person, _PERSON_KEYS, 'annotation')
            if person['category_id'] == category:
                self._check_joints(person)
                persons[person['image_id']].append(person)
        return [self._data_info(image, persons[image['id']]) for image in content['images']]

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """Decodes the masks, guesses the parts and lays the people over each other.

        Raises:
            ValueError: If a mask has another size than the image.
        """
        size = data_info['height'], data_info['width']
        crowd = np.zeros(size, bool)
        layers = []
        for person in data_info['persons']:
            mask = self._mask(person, size)
            if person['iscrowd']:
                crowd |= mask
            else:
                layers.append(_person_layer(mask, person))
        return flatten_layers(layers, crowd, len(COCO_17))

    def _read_json(self) -> dict:
        if not osp.isfile(self.ann_file):
            raise FileNotFoundError(
                f"annotation file '{self.ann_file}' does not exist. Set data_root to the folder of COCO, and ann_file "
                'to a person_keypoints_*.json in it.'
            )
        if not osp.isdir(self.data_prefix['img']):
            raise FileNotFoundError(
                f"folder of images '{self.data_prefix['img']}' does not exist. Set data_prefix=dict(img=FOLDER), below "
                'data_root.'
            )
        try:
            content = mmengine.load(self.ann_file)
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: not valid json: {error}') from error
        if not isinstance(content, dict):
            raise ValueError(f'{self.ann_file}: expected a json object, got a {type(content).__name__}.')
        self._require(content, ('images', 'annotations', 'categories'), 'the file')
        return content

    def _require(self, record: dict, keys: tuple[str, ...], kind: str) -> None:
        missing = [key for key in keys if key not in record]
        if missing:
            name = f'{kind} {record["id"]}' if 'id' in record else kind
            raise ValueError(
                f'{self.ann_file}: {name} lacks {missing}; expected the layout of person_keypoints_*.json.'
            )

    def _person_category(self, categories: list[dict]) -> int:
        for category in categories:
            if category.get('name') == 'person':
                joints = tuple(category.get('keypoints', COCO_17.joints))
                if joints != COCO_17.joints:
                    raise ValueError(f"{self.ann_file}: expected the 17 joints of COCO in COCO's order, got {joints}.")
                return category['id']
        names = [category.get('name') for category in categories]
        raise ValueError(f"{self.ann_file}: expected a category 'person', got {names}.")

    def _check_joints(self, person: dict) -> None:
        values = np.asarray(person['keypoints'], np.float64)
        if values.shape != (3 * len(COCO_17),):
            raise ValueError(
                f'{self.ann_file}: annotation {person["id"]}: expected 17 x (x, y, visibility) = 51 numbers, got '
                f'{values.size}.'
            )
        if not np.isfinite(values).all() or not np.isin(values[2::3], (0, 1, 2)).all():
            raise ValueError(
                f'{self.ann_file}: annotation {person["id"]}: joints must be finite with visibility 0, 1 or 2.'
            )

    def _data_info(self, image: dict, persons: list[dict]) -> dict:
        self._require(image, _IMAGE_KEYS, 'image')
        name = PurePosixPath(image['file_name'])
        if name.is_absolute() or '..' in name.parts:
            raise ValueError(f"{self.ann_file}: image name '{name}' leaves the folder '{self.data_prefix['img']}'.")
        return {
            'img_path': osp.join(self.data_prefix['img'], str(name)),
            'img_id': image['id'],
            'height': image['height'],
            'width': image['width'],
            'num_people': sum(not person['iscrowd'] and any(person['keypoints'][2::3]) for person in persons),
            'persons': [{key: person[key] for key in _PERSON_KEYS} for person in persons],
        }

    def _mask(self, person: dict, size: tuple[int, int]) -> np.ndarray:
        """(H, W) bool from polygons, or a run-length code, compressed or not."""
        segmentation = person['segmentation']
        if isinstance(segmentation, dict):
            if tuple(segmentation['size']) != size:
                raise ValueError(
                    f'{self.ann_file}: annotation {person["id"]}: expected a mask of the size of its image, '
                    f'{size} (height, width), got {tuple(segmentation["size"])}.'
                )
            compressed = isinstance(segmentation['counts'], str | bytes)
            code = segmentation if compressed else coco_mask.frPyObjects(segmentation, *size)
            return coco_mask.decode(code).astype(bool)
        # Fewer than three corners enclose nothing, and pycocotools would take four numbers for a box.
        polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
        if not polygons:
            return np.zeros(size, bool)
        return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, *size))).astype(bool)


def _person_layer(mask: np.ndarray, person: dict) -> PersonLayer:
    joints = np.asarray(person['keypoints'], np.float32).reshape(-1, 3)
    if not mask.any():
        return PersonLayer(_box_mask(person['bbox'], mask.shape))
    if not (joints[:, 2] > 0).any():
        return PersonLayer(mask)
    joints[joints[:, 2] == 0] = 0
    return PersonLayer(mask, pseudo_part_map(mask, joints), joints)


def _box_mask(box: list[float], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool; the pixels of a box x, y, w, h."""
    x, y, width, height = box
    mask = np.zeros(size, bool)
    rows = slice(max(int(np.floor(y)), 0), max(int(np.ceil(y + height)), 0))
    columns = slice(max(int(np.floor(x)), 0), max(int(np.ceil(x + width)), 0))
    mask[rows, columns] = True
    return mask
