"""Why a prediction loses AP^p: its errors by kind, and what repairing each of them would bring."""

from .find_errors import ERROR_KINDS, PIXEL_ERRORS, ErrorKind, ImageErrors, find_errors
from .repaired_scores import ErrorAnalysis, RepairedClaims, analyze_errors, claim_repaired, score_repaired

__all__ = [
    'ERROR_KINDS',
    'ErrorAnalysis',
    'ErrorKind',
    'ImageErrors',
    'PIXEL_ERRORS',
    'RepairedClaims',
    'analyze_errors',
    'claim_repaired',
    'find_errors',
    'score_repaired',
]
