"""CocoParseDataset: people and their parts in a json of COCO's format, for data of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import ParseAnnotation

from .coco_people_dataset import CocoPeopleDataset
from .derived.joints_from_parts import PartCentres, joints_from_parts
from .derived.person_layers import PersonLayer


@DATASETS.register_module()
class CocoParseDataset(CocoPeopleDataset):
    """Images with one annotation a person and one a part, each with masks of their own.

    People have the category ``person``. A part has the category that its class is named after, with ``supercategory``
    'part', and the ``person_id`` of its person: the person's own ``person_id``, or its ``id`` if it has none. The
    ``coco.json`` of the inferencer is of this form, too. Where parts of a person overlap, the later is on top. A
    person's pixels are those of its mask, which may be left out, and of its parts; those of no part are 255 in the part
    map. Who has joints but no parts is ignored for parsing and kept for pose; who has neither is 255 in both maps.

    Joints are the person's ``keypoints``. If the category ``person`` names none, or ``joints`` is given, they are the
    centres of parts.

    Args:
        ann_file, data_root, data_prefix: As for :class:`CocoPeopleDataset`.
        metainfo: Names, or describes in dicts, ``part_set`` and ``skeleton``: ``part_set=dict(name='mine',
            parts=['background', 'head', ...])``, ``skeleton=dict(name='mine', joints=[...], limbs=[...])``.
        joints: Parts of which each joint is the centre, ``dict(head=['hair', 'face'], ...)``; if joints are such
            centres and this is not given, the joints are named as parts.
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If the json or the folder of images is missing.
        ValueError: If the json is not of its format or does not fit part set and skeleton.
    """

    METAINFO = {'dataset_name': 'coco_parse'}
    DEFAULTS = CocoPeopleDataset.DEFAULTS | {'parts': ()}
    LAYOUT = 'the json of CocoParseDataset (docs/en/user_guides/datasets.md)'
    IRREGULARITIES = CocoPeopleDataset.IRREGULARITIES | {
        'part without person': 'a part whose person_id is no person of its image is ignored: its pixels are 255',
        'part without pixels': 'it is skipped',
    }

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: dict | None = None,
        joints: Mapping[str, Sequence[str]] | None = None,
        **kwargs,
    ):
        self._joint_parts = joints
        self._centres: PartCentres | None = None
        super().__init__(ann_file, data_root, data_prefix, **kwargs)

    def read_json(self) -> dict:
        """The content of the file, with each part among the ``parts`` of its person."""
        content = super().read_json()
        if self._joint_parts is not None:
            content = _without_joints(content)
        person = self.person_category(content['categories'])
        self._centres = self._find_centres(content['categories'])
        classes = self._classes(content['categories'])
        people = {
            (record['image_id'], record.get('person_id', record['id'])): record | {'parts': []}
            for record in content['annotations']
            if record.get('category_id') == person
        }
        nobodys = []
        for record in content['annotations']:
            if record.get('category_id') in classes:
                self.require(record, ('id', 'image_id', 'person_id', 'segmentation', 'bbox'), 'annotation')
                owner = people.get((record['image_id'], record['person_id']))
                if owner is None:
                    self.note('part without person', self.ann_file, f'annotation {record["id"]}')
                    nobodys.append(record | dict(category_id=person, iscrowd=1))
                else:
                    part = {key: record[key] for key in ('id', 'segmentation')}
                    owner['parts'].append(part | {'class': classes[record['category_id']]})
        return content | {'annotations': [*people.values(), *nobodys]}

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        annotation = super().load_annotation(data_info)
        if self._centres is None:
            return annotation
        joints = joints_from_parts(annotation.part_map, annotation.person_map, len(annotation), self._centres)
        return replace(annotation, joints=joints)

    def person_layer(self, person: dict, mask: np.ndarray, joints: np.ndarray) -> PersonLayer:
        parts = np.zeros(mask.shape, np.uint8)
        for part in person['parts']:
            pixels = self.mask(part, mask.shape)
            if not pixels.any():
                self.note('part without pixels', self.ann_file, f'annotation {part["id"]}')
            np.copyto(parts, part['class'], where=pixels)
        return self.parsed_layer(person, mask, parts if parts.any() else None, joints)

    def counts(self, person: dict) -> bool:
        return super().counts(person) or (not person['iscrowd'] and bool(person['parts']))

    def _find_centres(self, categories: list[dict]) -> PartCentres | None:
        labelled = any(category.get('name') == 'person' and category.get('keypoints') for category in categories)
        if labelled and self._joint_parts is None:
            return None
        parts = self._joint_parts or {joint: (joint,) for joint in self.skeleton.joints}
        return PartCentres(self.skeleton, self.part_set, parts)

    def _classes(self, categories: list[dict]) -> dict[int, int]:
        """Part classes by category id."""
        parts = [category for category in categories if category.get('supercategory') == 'part']
        unknown = [part.get('name') for part in parts if part.get('name') not in self.part_set.parts[1:]]
        if unknown or not parts:
            raise ValueError(
                f"{self.ann_file}: expected categories with supercategory 'part', named as parts of part set "
                f"'{self.part_set.name}', {self.part_set.parts[1:]}; got {unknown or 'none'}."
            )
        return {part['id']: self.part_set.parts.index(part['name']) for part in parts}


def _without_joints(content: dict) -> dict:
    """The content without the joints that it may have, of whatever skeleton."""
    return content | {
        kind: [{key: value for key, value in record.items() if key != 'keypoints'} for record in content[kind]]
        for kind in ('categories', 'annotations')
    }
