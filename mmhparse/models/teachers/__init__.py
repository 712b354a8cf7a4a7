"""Trained networks of others that label photos for ours to learn from."""

from .bodypix import BODYPIX_PARTS, BodyPix, load_bodypix
from .joint_teacher import JointTeacher
from .part_teacher import PART_OF_24, PartTeacher, PersonView

__all__ = ['BODYPIX_PARTS', 'BodyPix', 'JointTeacher', 'PART_OF_24', 'PartTeacher', 'PersonView', 'load_bodypix']
