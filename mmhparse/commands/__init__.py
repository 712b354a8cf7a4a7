"""Building blocks of the command lines: arguments, checked configs, runners, files of metrics and speeds."""

from .arguments import add_config_options, add_launcher_options, at_least, export_local_rank, plain_usage_errors
from .configs import load_config
from .curves import draw_curves, read_log
from .dataset_setup import add_split_option, build_dataset
from .heaps import share_heaps
from .labelling import label_photos
from .metrics_file import HEADLINE_METRICS, write_metrics
from .newest_checkpoint import newest_checkpoint
from .output_paths import check_output_file, check_output_folder
from .run_options import (
    draw_predictions,
    dump_predictions,
    set_resume,
    set_work_dir,
    skip_validation,
    use_amp,
    use_auto_scale_lr,
    use_tta,
)
from .runner_setup import build_runner
from .seed_results import SeedResults
from .speeds import Speed, add_speeds_option, append_speeds, milliseconds, read_speeds, speeds_of
from .terse_output import build_terse_runner
from .training_checks import check_built_model, check_training, leave_workers_out

__all__ = [
    'HEADLINE_METRICS',
    'SeedResults',
    'Speed',
    'add_config_options',
    'add_launcher_options',
    'add_speeds_option',
    'add_split_option',
    'append_speeds',
    'at_least',
    'build_dataset',
    'build_runner',
    'build_terse_runner',
    'check_built_model',
    'check_output_file',
    'check_output_folder',
    'check_training',
    'draw_curves',
    'draw_predictions',
    'dump_predictions',
    'export_local_rank',
    'label_photos',
    'leave_workers_out',
    'load_config',
    'milliseconds',
    'newest_checkpoint',
    'plain_usage_errors',
    'read_log',
    'read_speeds',
    'set_resume',
    'set_work_dir',
    'share_heaps',
    'skip_validation',
    'speeds_of',
    'use_amp',
    'use_auto_scale_lr',
    'use_tta',
    'write_metrics',
]
