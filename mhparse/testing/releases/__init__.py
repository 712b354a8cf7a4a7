"""Drawn scenes written as data sets are shipped, a file a format: miniature releases to test and try readers on."""

from .cihp import disturb_cihp, write_cihp
from .densepose_coco import disturb_densepose_coco, write_densepose_coco
from .lv_mhp_v2 import disturb_lv_mhp_v2, write_lv_mhp_v2
from .relabel import relabelled

__all__ = [
    'disturb_cihp',
    'disturb_densepose_coco',
    'disturb_lv_mhp_v2',
    'relabelled',
    'write_cihp',
    'write_densepose_coco',
    'write_lv_mhp_v2',
]
