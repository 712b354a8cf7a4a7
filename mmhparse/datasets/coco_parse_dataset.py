"""CocoParseDataset: people and their parts in a json of COCO's format, for data of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmhparse.registry import DATASETS
from mmhparse.structures import ParseAnnotation

from .coco_people_dataset import CocoPeopleDataset
from .derived.joints_from_parts import PartCentres, joints_from_parts
from .derived.person_layers import PersonLayer
from .readers.coco_json import CocoContent

_PART_KEYS = ('id', 'image_id', 'category_id', 'bbox', 'person_id', 'segmentation')
"""Keys that each part must have."""


@DATASETS.register_module()
class CocoParseDataset(CocoPeopleDataset):
    """Images with one annotation a person and one a part, each with masks of their own.

    People have the category ``person``. A part has the category that its class is named after, with ``supercategory``
    'part', and the ``person_id`` of its person: the person's own ``person_id``, or its ``id`` if it has none. The
    ``coco.json`` of the inferencer is of this form, too. Where parts of a person overlap, the later is on top. A
    person's pixels are those of its mask, which may be left out, and of its parts; those of no part are 255 in the part
    map. A person with joints and without parts is ignored for parsing and kept for pose; one without both is 255 in
    both maps.

    Joints are the person's ``keypoints``. If the category ``person`` names none, or ``joints`` is set, they are the
    centres of parts.

    Args:
        ann_file, data_root, data_prefix: As for :class:`CocoPeopleDataset`.
        metainfo: Names, or describes in dicts, ``part_set`` and ``skeleton``: ``part_set=dict(name='mine',
            parts=['background', 'head', ...])``, ``skeleton=dict(name='mine', joints=[...], limbs=[...])``.
        joints: Parts of which each joint is the centre, ``dict(head=['hair', 'face'], ...)``. By default,
            joints that are such centres have the names of parts.
        **kwargs: As for :class:`HumanParseDataset`.

    Raises:
        FileNotFoundError: If the json or the folder of images is missing.
        ValueError: If the json is not of its format or does not fit part set and skeleton.
    """

    METAINFO = {'dataset_name': 'coco_parse'}
    DEFAULTS = {**CocoPeopleDataset.DEFAULTS, 'parts': ()}
    LAYOUT = 'the json of CocoParseDataset (docs/en/user_guides/datasets.md)'
    IRREGULARITIES = {
        **CocoPeopleDataset.IRREGULARITIES,
        'part without person': 'a part with a `person_id` that no person of its image has is ignored: '
        'its pixels are 255',
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

    def read_json(self) -> CocoContent:
        """The content of the file, without its joints if centres of parts take their place."""
        content = super().read_json()
        if self._joint_parts is not None:
            for record in (*content.categories, *content.annotations):
                record.pop('keypoints', None)
        self._centres = self._find_centres(content.categories)
        return content

    def people(self, content: CocoContent) -> list[dict]:
        """The checked annotations of people with their ``parts``, and crowds in place of the parts without person."""
        classes = self._classes(content.categories)
        owners: dict[tuple[int, int], dict] = {}
        for person in super().people(content):
            key = person['image_id'], person.get('person_id', person['id'])
            if key in owners:
                raise ValueError(
                    f'{self.ann_file}: annotations {owners[key]["id"]} and {person["id"]} are both person {key[1]} of '
                    f'image {key[0]}; give each person of an image a person_id of its own.'
                )
            owners[key] = person | {'parts': []}
        unowned = []
        parts = [record for record in content.annotations if record['category_id'] in classes]
        content.check_annotations(parts, _PART_KEYS)
        for part in parts:
            owner = owners.get((part['image_id'], part['person_id']))
            if owner is None:
                self.note('part without person', self.ann_file, f'annotation {part["id"]}')
            if owner is None or owner.get('iscrowd'):
                unowned.append({key: part[key] for key in (*self.REQUIRED, 'segmentation')} | {'iscrowd': 1})
            else:
                known = {key: part[key] for key in ('id', 'segmentation')}
                owner['parts'].append(known | {'class': classes[part['category_id']]})
        return [*owners.values(), *unowned]

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
        try:
            return PartCentres(self.skeleton, self.part_set, parts)
        except ValueError as error:
            if labelled:
                raise
            raise ValueError(
                f"{self.ann_file}: the category 'person' names no keypoints, so joints are centres of parts: {error}"
            ) from error

    def _classes(self, categories: list[dict]) -> dict[int, int]:
        """Part classes by category id."""
        parts = [category for category in categories if category.get('supercategory') == 'part']
        unknown = [part['name'] for part in parts if part['name'] not in self.part_set.parts[1:]]
        if unknown or not parts:
            raise ValueError(
                f"{self.ann_file}: expected categories with supercategory 'part', named as parts of part set "
                f"'{self.part_set.name}', {self.part_set.parts[1:]}; got {unknown or 'none'}."
            )
        names = [part['name'] for part in parts]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.ann_file}: two categories with supercategory 'part' have one name: {names}.")
        return {part['id']: self.part_set.parts.index(part['name']) for part in parts}
