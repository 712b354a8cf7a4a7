"""CocoPosePartsDataset: COCO's person masks and joints as a parsing set with pseudo part labels."""

import numpy as np

from mmhparse.registry import DATASETS

from .coco_people_dataset import CocoPeopleDataset
from .derived.person_layers import PersonLayer
from .derived.pseudo_parts import pseudo_part_map


@DATASETS.register_module()
class CocoPosePartsDataset(CocoPeopleDataset):
    """People of COCO's ``person_keypoints_*.json``, with parts guessed from masks and joints.

    The part labels are **pseudo labels**: each pixel of a person's mask takes the part of the nearest segment between
    that person's joints (:func:`pseudo_part_map`). They suit training and trials, not published comparisons.

    A person is learned from and scored if it has at least one labelled joint and one mask pixel. Every other person
    (without joints, or without a mask, in which case its box is used) and every crowd is 255 in both maps.

    Args:
        ann_file, data_root, data_prefix, kwargs: As for :class:`CocoPeopleDataset`.
    """

    METAINFO = {'dataset_name': 'coco_pose_parts', 'skeleton': 'coco_17', 'part_set': 'densepose_14'}
    REQUIRED = ('id', 'image_id', 'category_id', 'iscrowd', 'segmentation', 'keypoints', 'bbox')
    DEFAULTS = {}

    def person_layer(self, person: dict, mask: np.ndarray, joints: np.ndarray) -> PersonLayer:
        if not mask.any():
            return self.ignored_box(person, mask.shape)
        if not (joints[:, 2] > 0).any():
            return PersonLayer(mask)
        return PersonLayer(mask, pseudo_part_map(mask, joints), joints)
