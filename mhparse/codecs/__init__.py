"""Verbs without weights: truth to fields, and fields to people and parsing maps."""

from .differentiable_grouping_codec import DifferentiableGroupingCodec, Grouping
from .training_candidates import LabelledCandidates, training_candidates

__all__ = ['DifferentiableGroupingCodec', 'Grouping', 'LabelledCandidates', 'training_candidates']
