"""Error analysis of AP^p: the errors by kind, and how much correcting each kind would add."""

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
