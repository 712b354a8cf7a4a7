"""What can be written of predictions, one idea a file."""

from typing import Literal

from mmhparse.structures import PartSet

from .base import ImageWriter, Summary, SummaryWriter
from .coco import CocoFile
from .maps import InstanceMaps, PartMaps, PersonMaps
from .page import Page
from .people_csv import PeopleCsv
from .pictures import Pictures, Thumbnails
from .prediction_records import Records
from .video_codecs import VideoCodec

__all__ = [
    'DEFAULT_FORMATS',
    'Format',
    'ImageWriter',
    'PICTURED',
    'Summary',
    'SummaryWriter',
    'VideoCodec',
    'image_writers',
    'summary_writers',
]

Format = Literal['part_maps', 'person_maps', 'instance_maps', 'pictures', 'videos', 'coco', 'csv', 'page']
"""What can be switched on and off; ``predictions/`` is always written, for the others are made from it."""

DEFAULT_FORMATS: tuple[Format, ...] = ('part_maps', 'person_maps', 'pictures', 'videos')

PICTURED = frozenset({'pictures', 'videos', 'page'})
"""Formats for which pictures are drawn; of these, 'videos' only where the input is a video."""


def image_writers(formats: tuple[Format, ...], part_set: PartSet) -> tuple[ImageWriter, ...]:
    """The writers of each image's files; that of ``predictions/`` last."""
    makers = {
        'part_maps': lambda: PartMaps(part_set),
        'person_maps': PersonMaps,
        'instance_maps': lambda: InstanceMaps(part_set),
        'pictures': Pictures,
        'page': Thumbnails,
    }
    return (*(make() for name, make in makers.items() if name in formats), Records())


def summary_writers(formats: tuple[Format, ...]) -> tuple[SummaryWriter, ...]:
    """The writers of the summary files, which describe all images."""
    makers = {'coco': CocoFile, 'csv': PeopleCsv, 'page': lambda: Page('pictures' in formats, 'videos' in formats)}
    return tuple(make() for name, make in makers.items() if name in formats)
