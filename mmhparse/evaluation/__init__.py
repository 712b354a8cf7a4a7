"""Scores of human parsing: plain functions in ``functional``, and metrics for mmengine's evaluator."""

from .metrics import InstancePartMetric, JointMetric, PartErrorMetric, PartRegionMetric, SemanticPartMetric

__all__ = ['InstancePartMetric', 'JointMetric', 'PartErrorMetric', 'PartRegionMetric', 'SemanticPartMetric']
