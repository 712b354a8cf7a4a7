"""Heads: a pyramid of features to fields; each branch in a file of its own."""

from .grouping_pose_head import GroupingPoseHead
from .multi_granularity_head import MultiGranularityHead
from .part_decode_head import PartDecodeHead

__all__ = ['GroupingPoseHead', 'MultiGranularityHead', 'PartDecodeHead']
