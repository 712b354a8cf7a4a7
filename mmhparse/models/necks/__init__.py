"""Necks: a pyramid of features to one with context."""

from .pyramid_decoder import PyramidDecoder

__all__ = ['PyramidDecoder']
