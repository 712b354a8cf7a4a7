"""What users call: photos and videos in, people with their parts out."""

from .batches import Skipped
from .human_parsing_inferencer import HumanParsingInferencer
from .inputs import FailedInput, InputImage, name_inputs
from .output_folder import OutputError, OutputFolder
from .stages import ParsedImage
from .writers import DEFAULT_FORMATS, Format

__all__ = [
    'DEFAULT_FORMATS',
    'FailedInput',
    'Format',
    'HumanParsingInferencer',
    'InputImage',
    'OutputError',
    'OutputFolder',
    'ParsedImage',
    'Skipped',
    'name_inputs',
]
