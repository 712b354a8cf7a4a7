"""What surrounds mmengine's Runner: hooks, checked configs, checkpoints, metrics files and learning curves.

Importing this package lets checkpoints be resumed with torch's weights-only loading left on
(:func:`allow_checkpoint_types`); building any hook of mmhparse imports it.
"""

from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .checkpoints import allow_checkpoint_types, check_checkpoint
from .config import UsageError, load_config
from .curves import draw_curves, read_log
from .hooks import (
    CompileNetworkHook,
    ExactResumeHook,
    LossSharesHook,
    ParseVisualizationHook,
    ProgressHook,
    StagePicturesHook,
    WholeCheckpointHook,
)
from .metrics_file import HEADLINE_METRICS, write_metrics
from .progress import progress_bar
from .sharded_optim_wrapper import ShardedOptimWrapper

allow_checkpoint_types()

__all__ = [
    'BFloat16OptimWrapper',
    'CompileNetworkHook',
    'ExactResumeHook',
    'HEADLINE_METRICS',
    'LossSharesHook',
    'ParseVisualizationHook',
    'ProgressHook',
    'ShardedOptimWrapper',
    'StagePicturesHook',
    'UsageError',
    'WholeCheckpointHook',
    'allow_checkpoint_types',
    'check_checkpoint',
    'draw_curves',
    'load_config',
    'progress_bar',
    'read_log',
    'write_metrics',
]
