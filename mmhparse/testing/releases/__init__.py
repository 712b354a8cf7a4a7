"""Synthetic scenes written as data sets are shipped, a file a format: miniature releases to test and try readers on."""

from .cihp import disturb_cihp, write_cihp
from .coco_parse import write_coco_parse
from .coco_records import (
    image_record,
    mask_polygons,
    person_category,
    person_record,
    write_json,
    write_photo,
)
from .densepose_coco import disturb_densepose_coco, json_path, photo_path, write_densepose_coco
from .lv_mhp_v2 import disturb_lv_mhp_v2, write_lv_mhp_v2
from .pascal_person_part import disturb_pascal_person_part, joints_path, people_path, write_pascal_person_part
from .relabel import relabelled

__all__ = [
    'disturb_cihp',
    'disturb_densepose_coco',
    'disturb_lv_mhp_v2',
    'disturb_pascal_person_part',
    'image_record',
    'joints_path',
    'json_path',
    'mask_polygons',
    'people_path',
    'person_category',
    'person_record',
    'photo_path',
    'relabelled',
    'write_cihp',
    'write_coco_parse',
    'write_densepose_coco',
    'write_json',
    'write_lv_mhp_v2',
    'write_pascal_person_part',
    'write_photo',
]
