"""File formats of the data sets' releases, read into plain arrays and records that are checked on the way."""

from .box_matching import is_usable_box, match_boxes
from .cihp_instance_files import check_instance_files
from .coco_json import CocoContent, read_coco_json
from .coco_masks import box_mask, check_segmentation, decode_runs, encode_mask, segmentation_mask
from .densepose_masks import box_frame, densepose_part_map, nearest_cells
from .flagged_joints import flagged_joints
from .image_files import (
    IMAGE_SUFFIXES,
    ImageSource,
    convert_image,
    decode_image,
    describe_source,
    is_upright,
    most_pixels,
    read_image,
    read_image_size,
)
from .index_cache import cached_index, pack_map, unpack_map
from .label_maps import check_map_size, read_label_map
from .mat_files import read_mat
from .mhp_masks import MhpMask, read_mhp_masks
from .mhp_poses import MhpPose, match_poses, read_mhp_poses
from .pascal_joints import read_pascal_joints
from .pascal_people import PascalPeople, read_pascal_people
from .release_files import Release, files_in, is_list_name, join_inside, read_names

__all__ = [
    'CocoContent',
    'IMAGE_SUFFIXES',
    'ImageSource',
    'MhpMask',
    'MhpPose',
    'PascalPeople',
    'Release',
    'box_frame',
    'box_mask',
    'cached_index',
    'check_instance_files',
    'check_map_size',
    'check_segmentation',
    'convert_image',
    'decode_image',
    'decode_runs',
    'densepose_part_map',
    'describe_source',
    'encode_mask',
    'files_in',
    'flagged_joints',
    'is_list_name',
    'is_upright',
    'is_usable_box',
    'join_inside',
    'match_boxes',
    'match_poses',
    'most_pixels',
    'nearest_cells',
    'pack_map',
    'read_coco_json',
    'read_image',
    'read_image_size',
    'read_label_map',
    'read_mat',
    'read_mhp_masks',
    'read_mhp_poses',
    'read_names',
    'read_pascal_joints',
    'read_pascal_people',
    'segmentation_mask',
    'unpack_map',
]
