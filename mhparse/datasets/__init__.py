"""Data sets of people, parts and joints, and what is done to a sample before it reaches the network."""

from .coco_pose_parts_dataset import CocoPosePartsDataset
from .human_parse_dataset import HumanParseDataset
from .person_layers import PersonLayer, flatten_layers
from .pseudo_parts import pseudo_part_map
from .synthetic_people_dataset import SyntheticPeopleDataset
from .transforms import (
    FlipImage,
    GenerateFields,
    LoadImage,
    PackHumanParseInputs,
    PhotometricDistortPeople,
    RandomAffinePeople,
    RandomFlipPeople,
    ResizeLongSide,
    read_image,
    read_label_map,
)

__all__ = [
    'CocoPosePartsDataset',
    'FlipImage',
    'GenerateFields',
    'HumanParseDataset',
    'LoadImage',
    'PackHumanParseInputs',
    'PersonLayer',
    'PhotometricDistortPeople',
    'RandomAffinePeople',
    'RandomFlipPeople',
    'ResizeLongSide',
    'SyntheticPeopleDataset',
    'flatten_layers',
    'pseudo_part_map',
    'read_image',
    'read_label_map',
]
