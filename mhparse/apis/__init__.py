"""What users call: photos in, people with their parts out."""

from .human_parsing_inferencer import HumanParsingInferencer, ParsedImage
from .inputs import FailedInput, InputImage, list_inputs
from .output_folder import OutputFolder

__all__ = ['FailedInput', 'HumanParsingInferencer', 'InputImage', 'OutputFolder', 'ParsedImage', 'list_inputs']
