"""Networks: backbones, necks, heads, losses, and the parsers that they make up."""

from .backbones import LightResNet, ResNet
from .data_preprocessors import HumanParseDataPreprocessor
from .heads import GroupingPoseHead, MultiGranularityHead, PartDecodeHead
from .losses import (
    GroupingLoss,
    JointLoss,
    LearnedLossWeights,
    LimbLoss,
    PartLoss,
    ProjectionLoss,
    SegmentationLosses,
)
from .necks import PyramidDecoder
from .parsers import BottomUpHumanParser, HumanParserTTA

__all__ = [
    'BottomUpHumanParser',
    'GroupingLoss',
    'GroupingPoseHead',
    'HumanParseDataPreprocessor',
    'HumanParserTTA',
    'JointLoss',
    'LearnedLossWeights',
    'LightResNet',
    'LimbLoss',
    'MultiGranularityHead',
    'PartDecodeHead',
    'PartLoss',
    'ProjectionLoss',
    'PyramidDecoder',
    'ResNet',
    'SegmentationLosses',
]
