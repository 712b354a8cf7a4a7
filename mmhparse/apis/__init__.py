"""What users call: photos and videos in, people with their parts out."""

from .human_parsing_inferencer import HumanParsingInferencer
from .inputs import name_inputs
from .model_functions import inference_model, init_model
from .model_names import BUNDLED_MODELS, DEFAULT_MODEL
from .output_error import OutputError
from .output_folder import OutputFolder
from .parsing_pipeline import ParsingPipeline
from .share import Share
from .stream_item import FailedInput, StreamItem
from .stream_options import StreamOptions
from .writers import DEFAULT_FORMATS, Format

__all__ = [
    'BUNDLED_MODELS',
    'DEFAULT_FORMATS',
    'DEFAULT_MODEL',
    'FailedInput',
    'Format',
    'HumanParsingInferencer',
    'OutputError',
    'OutputFolder',
    'ParsingPipeline',
    'Share',
    'StreamItem',
    'StreamOptions',
    'inference_model',
    'init_model',
    'name_inputs',
]
