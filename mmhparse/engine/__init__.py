"""Extensions of mmengine's Runner: hooks, optimizer wrappers and checkpoints.

Importing this package makes checkpoints resumable with torch's weights-only loading (:func:`allow_checkpoint_types`);
building any hook of mmhparse imports it.
"""

from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .checkpoints import allow_checkpoint_types, check_checkpoint
from .hooks import (
    ChangedScheduleHook,
    CompileNetworkHook,
    DataWaitHook,
    ExactResumeHook,
    FiniteWeightsHook,
    LossSharesHook,
    ParseVisualizationHook,
    ProgressHook,
    StagePicturesHook,
    WholeCheckpointHook,
)
from .sharded_optim_wrapper import ShardedOptimWrapper

allow_checkpoint_types()

__all__ = [
    'BFloat16OptimWrapper',
    'ChangedScheduleHook',
    'CompileNetworkHook',
    'DataWaitHook',
    'ExactResumeHook',
    'FiniteWeightsHook',
    'LossSharesHook',
    'ParseVisualizationHook',
    'ProgressHook',
    'ShardedOptimWrapper',
    'StagePicturesHook',
    'WholeCheckpointHook',
    'allow_checkpoint_types',
    'check_checkpoint',
]
