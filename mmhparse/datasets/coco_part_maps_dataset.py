"""CocoPartMapsDataset: people of COCO's joints, with their parts in maps beside the photos."""

import os.path as osp
from pathlib import Path

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import IGNORE, ParseAnnotation

from .coco_people_dataset import CocoPeopleDataset
from .derived.person_layers import PersonLayer, person_boxes
from .readers.label_maps import read_label_map


@DATASETS.register_module()
class CocoPartMapsDataset(CocoPeopleDataset):
    """A json of COCO's ``person_keypoints_*`` layout with a part map and a person map for each photo.

    ``tools/dataset_converters/label_photos.py`` writes such maps. In a person map, n is the n-th person of the photo in
    the json (crowds are not counted), 0 nobody, and 255 ignore; in a part map 255 is ignore. The masks of the json are
    not read.

    Args:
        label_root: Folder with ``part_maps/NAME.png`` and ``person_maps/NAME.png``, named as the photos; below
            ``data_root`` unless absolute.
        ann_file, data_root, data_prefix, kwargs: As for :class:`CocoPeopleDataset`.

    Raises:
        FileNotFoundError: If a folder of maps is missing.
        ValueError: If two photos of the json have one name, as ``a/1.jpg`` and ``b/1.png``: both would have its maps.
    """

    METAINFO = {'dataset_name': 'coco_part_maps', 'skeleton': 'coco_17', 'part_set': 'densepose_14'}
    REQUIRED = ('id', 'image_id', 'category_id', 'keypoints', 'bbox')

    def __init__(self, ann_file: str, label_root: str, data_root: str = '', **kwargs):
        self.label_root = osp.join(data_root, label_root)
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict an image: the keys of the base class, and ``parts`` and ``persons_map`` (paths of maps)."""
        for folder in ('part_maps', 'person_maps'):
            if not osp.isdir(osp.join(self.label_root, folder)):
                raise FileNotFoundError(
                    f"there is no folder '{osp.join(self.label_root, folder)}': write the maps with "
                    'tools/dataset_converters/label_photos.py, and set label_root to its --out-dir.'
                )
        return [info | self._maps(info['img_path']) for info in self.list_photos()]

    def list_photos(self) -> list[dict]:
        """The photos of the json and their people, whether or not there are maps of them."""
        photos = super().load_data_list()
        paths: dict[str, str] = {}
        for info in photos:
            path = info['img_path']
            first = paths.setdefault(Path(path).stem, path)
            if first != path:
                raise ValueError(
                    f"{self.ann_file}: '{first}' and '{path}' have one name, so they would have one label map: rename "
                    'one of them.'
                )
        return photos

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """Reads the maps.

        Raises:
            FileNotFoundError: If a map is missing.
            ValueError: If it has another size than the photo, or names a person whom the json lacks.
        """
        size = data_info['height'], data_info['width']
        part_map, labels = (read_label_map(data_info[key]).copy() for key in ('parts', 'persons_map'))
        people = [person for person in data_info['persons'] if not person['iscrowd']]
        if part_map.shape != size or labels.shape != size:
            raise ValueError(
                f"the maps of '{data_info['img_path']}' are {part_map.shape} and {labels.shape}, but the photo is "
                f'{size} (height, width) in the json.'
            )
        known = labels[(labels > 0) & (labels != IGNORE)]
        if known.max(initial=0) > len(people):
            raise ValueError(
                f"'{data_info['persons_map']}' holds person {known.max()}, but the json has {len(people)} people "
                'there: the maps were written for another json.'
            )
        joints = np.stack([self.joints(person, size) for person in people]) if people else np.zeros((0, 17, 3))
        person_map = labels.astype(np.int32)
        boxes = person_boxes(np.where(person_map == IGNORE, 0, person_map), len(people))
        annotation = ParseAnnotation(part_map, person_map, joints.astype(np.float32), boxes)
        return annotation.without_absent()

    def person_layer(self, person: dict, mask: np.ndarray, joints: np.ndarray) -> PersonLayer:
        return PersonLayer(mask, None, joints)

    def _maps(self, img_path: str) -> dict[str, str]:
        name = f'{Path(img_path).stem}.png'
        return {
            'parts': osp.join(self.label_root, 'part_maps', name),
            'persons_map': osp.join(self.label_root, 'person_maps', name),
        }
