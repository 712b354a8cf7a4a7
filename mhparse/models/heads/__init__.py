"""Heads: a pyramid of features to fields; one branch a file."""

from .multi_granularity_head import MultiGranularityHead

__all__ = ['MultiGranularityHead']
