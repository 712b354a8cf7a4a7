"""Losses of the fields and of the grouping, and learned weights between them."""

from .grouping_loss import GroupingLoss
from .joint_loss import JointLoss
from .learned_loss_weights import LearnedLossWeights
from .limb_loss import LimbLoss
from .part_loss import PartLoss
from .projection_loss import ProjectionLoss
from .segmentation_losses import SegmentationLosses

__all__ = [
    'GroupingLoss',
    'JointLoss',
    'LearnedLossWeights',
    'LimbLoss',
    'PartLoss',
    'ProjectionLoss',
    'SegmentationLosses',
]
