"""Drawn scenes written as data sets are shipped, a file a format: miniature releases to test and try readers on."""

from .densepose_coco import disturb_densepose_coco, write_densepose_coco
from .relabel import relabelled

__all__ = ['disturb_densepose_coco', 'relabelled', 'write_densepose_coco']
