"""The scores of human parsing as metrics of mmengine's evaluator."""

from .instance_part_metric import InstancePartMetric
from .joint_metric import JointMetric
from .part_error_metric import PartErrorMetric, WorstImage
from .part_region_metric import PartRegionMetric
from .semantic_part_metric import SemanticPartMetric

__all__ = [
    'InstancePartMetric',
    'JointMetric',
    'PartErrorMetric',
    'PartRegionMetric',
    'SemanticPartMetric',
    'WorstImage',
]
