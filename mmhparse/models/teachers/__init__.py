"""Trained networks of others that label photos for ours to learn from."""

from .bodypix import BODYPIX_PARTS, BodyPix, load_bodypix
from .part_teacher import PartTeacher, PersonView

__all__ = ['BODYPIX_PARTS', 'BodyPix', 'PartTeacher', 'PersonView', 'load_bodypix']
