"""Hooks of the Runner."""

from .changed_schedule_hook import ChangedScheduleHook
from .compile_network_hook import CompileNetworkHook
from .data_wait_hook import DataWaitHook
from .exact_resume_hook import ExactResumeHook
from .finite_weights_hook import FiniteWeightsHook
from .grouping_schedule_hook import GroupingScheduleHook
from .loss_shares_hook import LossSharesHook
from .original_images import image_name, original_image
from .parse_visualization_hook import ParseVisualizationHook
from .progress_hook import ProgressHook
from .stage_pictures_hook import StagePicturesHook
from .whole_checkpoint_hook import WholeCheckpointHook

__all__ = [
    'ChangedScheduleHook',
    'CompileNetworkHook',
    'DataWaitHook',
    'ExactResumeHook',
    'FiniteWeightsHook',
    'GroupingScheduleHook',
    'LossSharesHook',
    'ParseVisualizationHook',
    'ProgressHook',
    'StagePicturesHook',
    'WholeCheckpointHook',
    'image_name',
    'original_image',
]
