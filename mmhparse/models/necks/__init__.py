"""Necks: a pyramid of features to a better one."""

from .pyramid_decoder import PyramidDecoder

__all__ = ['PyramidDecoder']
