"""Data sets of people, parts and joints, and what is done to a sample before it reaches the network."""

from . import transforms  # registers them
from .coco_pose_parts_dataset import CocoPosePartsDataset
from .human_parse_dataset import HumanParseDataset
from .person_layers import PersonLayer, flatten_layers
from .pseudo_parts import pseudo_part_map
from .synthetic_people_dataset import SyntheticPeopleDataset

__all__ = [
    'CocoPosePartsDataset',
    'HumanParseDataset',
    'PersonLayer',
    'SyntheticPeopleDataset',
    'flatten_layers',
    'pseudo_part_map',
    'transforms',
]
