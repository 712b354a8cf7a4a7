"""Data sets of people, parts and joints, and the transforms of a sample on its way to the network."""

from .cihp_dataset import CihpDataset
from .coco_parse_dataset import CocoParseDataset
from .coco_part_maps_dataset import CocoPartMapsDataset
from .coco_people_dataset import CocoPeopleDataset
from .coco_pose_parts_dataset import CocoPosePartsDataset
from .densepose_coco_dataset import DensePoseCocoDataset
from .derived import (
    CIHP_CENTRES,
    PartCentres,
    PersonLayer,
    flatten_layers,
    joints_from_parts,
    part_instance_map,
    pseudo_part_map,
)
from .exporting import parse_annotations, parse_categories
from .folder_parse_dataset import FolderParseDataset
from .human_parse_dataset import HumanParseDataset
from .lv_mhp_v2_dataset import LvMhpV2Dataset
from .pascal_person_part_dataset import PascalPersonPartDataset
from .readers import (
    Release,
    cached_index,
    files_in,
    is_list_name,
    join_inside,
    read_image,
    read_image_size,
    read_label_map,
    read_mat,
    read_names,
)
from .report import Irregularity
from .synthetic_people_dataset import SyntheticPeopleDataset
from .transforms import (
    CopyPastePeople,
    CropAroundPeople,
    FlipImage,
    GenerateFields,
    IgnoreParts,
    LoadImage,
    PackHumanParseInputs,
    PhotometricDistortPeople,
    RandomAffinePeople,
    RandomFlipPeople,
    ResizeLongSide,
    ResizePeople,
)

__all__ = [
    'CIHP_CENTRES',
    'CihpDataset',
    'CocoParseDataset',
    'CocoPartMapsDataset',
    'CocoPeopleDataset',
    'CocoPosePartsDataset',
    'CopyPastePeople',
    'CropAroundPeople',
    'DensePoseCocoDataset',
    'FlipImage',
    'FolderParseDataset',
    'GenerateFields',
    'HumanParseDataset',
    'IgnoreParts',
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
    'is_list_name',
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
