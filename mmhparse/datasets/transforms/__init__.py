"""Transforms that move image, maps and joints of people together, registered in mmcv's way."""

from .annotation_size import check_annotation_size
from .copy_paste_people import CopyPastePeople, Paste
from .crop_around_people import CropAroundPeople
from .flip_image import FlipImage
from .generate_fields import GenerateFields
from .ignore_parts import IgnoreParts
from .load_image import LoadImage
from .pack_human_parse_inputs import PackHumanParseInputs
from .pasting import paste_person
from .photometric_distort_people import PhotometricDistortPeople
from .random_affine_people import RandomAffinePeople
from .random_flip_people import RandomFlipPeople
from .resize_long_side import ResizeLongSide
from .resize_people import ResizePeople
from .views_pipeline import views_pipeline
from .warping import warp_image, warp_people

__all__ = [
    'CopyPastePeople',
    'CropAroundPeople',
    'FlipImage',
    'GenerateFields',
    'IgnoreParts',
    'LoadImage',
    'PackHumanParseInputs',
    'Paste',
    'PhotometricDistortPeople',
    'RandomAffinePeople',
    'RandomFlipPeople',
    'ResizeLongSide',
    'ResizePeople',
    'check_annotation_size',
    'paste_person',
    'views_pipeline',
    'warp_image',
    'warp_people',
]
