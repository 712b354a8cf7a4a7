"""Networks: backbones, necks, heads, losses, and the parsers that they make up."""

from .backbones import LightResNet, MobileNetV1, ResNet
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
    'MobileNetV1',
    'MultiGranularityHead',
    'PartDecodeHead',
    'PartLoss',
    'ProjectionLoss',
    'PyramidDecoder',
    'ResNet',
    'SegmentationLosses',
]
