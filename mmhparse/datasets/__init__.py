"""Data sets of people, parts and joints, and what is done to a sample before it reaches the network."""

from .cihp_dataset import CihpDataset
from .coco_parse_dataset import CocoParseDataset
from .coco_people_dataset import CocoPeopleDataset
from .coco_pose_parts_dataset import CocoPosePartsDataset
from .densepose_coco_dataset import DensePoseCocoDataset
from .derived.joints_from_parts import CIHP_CENTRES, PartCentres, joints_from_parts
from .derived.part_instances import part_instance_map
from .derived.person_layers import PersonLayer, flatten_layers
from .derived.pseudo_parts import pseudo_part_map
from .folder_parse_dataset import FolderParseDataset
from .human_parse_dataset import HumanParseDataset
from .lv_mhp_v2_dataset import LvMhpV2Dataset
from .pascal_person_part_dataset import PascalPersonPartDataset
from .readers.coco_parse_json import parse_annotations, parse_categories
from .readers.index_cache import cached_index
from .readers.mat_files import read_mat
from .readers.release_files import Release, files_in, join_inside, read_names
from .report.irregularity import Irregularity
from .synthetic_people_dataset import SyntheticPeopleDataset
from .transforms import (
    CopyPastePeople,
    CropAroundPeople,
    FlipImage,
    GenerateFields,
    LoadImage,
    PackHumanParseInputs,
    PhotometricDistortPeople,
    RandomAffinePeople,
    RandomFlipPeople,
    ResizeLongSide,
    ResizePeople,
    read_image,
    read_image_size,
    read_label_map,
)

__all__ = [
    'CIHP_CENTRES',
    'CihpDataset',
    'CocoParseDataset',
    'CocoPeopleDataset',
    'CocoPosePartsDataset',
    'CopyPastePeople',
    'CropAroundPeople',
    'DensePoseCocoDataset',
    'FlipImage',
    'FolderParseDataset',
    'GenerateFields',
    'HumanParseDataset',
    'Irregularity',
    'LoadImage',
    'LvMhpV2Dataset',
    'PackHumanParseInputs',
    'PartCentres',
    'PascalPersonPartDataset',
    'PersonLayer',
    'PhotometricDistortPeople',
    'RandomAffinePeople',
    'RandomFlipPeople',
    'Release',
    'ResizeLongSide',
    'ResizePeople',
    'SyntheticPeopleDataset',
    'cached_index',
    'files_in',
    'flatten_layers',
    'join_inside',
    'joints_from_parts',
    'parse_annotations',
    'parse_categories',
    'part_instance_map',
    'pseudo_part_map',
    'read_image',
    'read_image_size',
    'read_label_map',
    'read_mat',
    'read_names',
]
