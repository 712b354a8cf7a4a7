"""What turns truth into fields and fields into people and parsing maps; nothing here has weights."""

from .differentiable_grouping_codec import DifferentiableGroupingCodec
from .grouping import Grouping
from .grouping_pose_codec import GroupingPoseCodec
from .training_candidates import LabelledCandidates, training_candidates

__all__ = ['DifferentiableGroupingCodec', 'Grouping', 'GroupingPoseCodec', 'LabelledCandidates', 'training_candidates']
