"""Transforms that move image, maps and joints of people together, registered in mmcv's way."""

from .copy_paste_people import CopyPastePeople
from .crop_around_people import CropAroundPeople
from .flip_image import FlipImage
from .generate_fields import GenerateFields
from .loading import LoadImage, read_image, read_image_size, read_label_map
from .pack_human_parse_inputs import PackHumanParseInputs
from .photometric_distort_people import PhotometricDistortPeople
from .random_affine_people import RandomAffinePeople
from .random_flip_people import RandomFlipPeople
from .resize_long_side import ResizeLongSide
from .resize_people import ResizePeople

__all__ = [
    'CopyPastePeople',
    'CropAroundPeople',
    'FlipImage',
    'GenerateFields',
    'LoadImage',
    'PackHumanParseInputs',
    'PhotometricDistortPeople',
    'RandomAffinePeople',
    'RandomFlipPeople',
    'ResizeLongSide',
    'ResizePeople',
    'read_image',
    'read_image_size',
    'read_label_map',
]
