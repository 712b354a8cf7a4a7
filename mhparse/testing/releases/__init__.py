"""Drawn scenes written as data sets are shipped, a file a format: miniature releases to test and try readers on."""

from .relabel import relabelled

__all__ = ['relabelled']
