"""Exchange with annotation tools: regions of parts, grouped by person, in the files of CVAT and Label Studio.

Each tool is one file with both directions, so that what is written and what is read follow one convention.
"""

from .annotation_tool import AnnotationTool, Shapes
from .brush_codes import decode_brush, encode_brush
from .cvat import Cvat
from .label_studio import LabelStudio
from .labelled_photo import LabelledPhoto, PartClass, Region, inferred_photos, paint, read_classes

TOOLS: dict[str, AnnotationTool] = {'cvat': Cvat(), 'label-studio': LabelStudio()}
"""The tools by their names on the command line."""

__all__ = [
    'AnnotationTool',
    'Cvat',
    'LabelStudio',
    'LabelledPhoto',
    'PartClass',
    'Region',
    'Shapes',
    'TOOLS',
    'decode_brush',
    'encode_brush',
    'inferred_photos',
    'paint',
    'read_classes',
]
