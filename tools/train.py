"""Trains the model of a config."""

import argparse
import os

# On a CPU, threads that spin long while they wait take the cores from the data loader's workers, and threads that never
# spin wake too slowly. Read when torch is loaded, so it stands before all other imports.
os.environ.setdefault('GOMP_SPINCOUNT', '20000')

from mmhparse.commands import (
    add_config_options,
    add_launcher_options,
    build_runner,
    check_output_folder,
    export_local_rank,
    load_config,
    plain_usage_errors,
    set_resume,
    set_work_dir,
    skip_validation,
    use_amp,
    use_auto_scale_lr,
)
from mmhparse.engine import ChangedScheduleHook, WholeCheckpointHook
from mmhparse.utils import CommandParser


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints; default: work_dirs/<name of the config>')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint; without a name, from the newest one of the work folder',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        choices=['float16', 'bfloat16'],
        const='float16',
        help='train with automatic mixed precision, in float16 if not said otherwise; a CPU has bfloat16 alone',
    )
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    parser.add_argument('--no-validate', action='store_true', help='do not evaluate during training')
    add_config_options(parser)
    add_launcher_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    export_local_rank(args.local_rank)
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        cfg.launcher = args.launcher
        set_work_dir(cfg, args.work_dir)
        set_resume(cfg, args.resume)
        if args.amp:
            use_amp(cfg, args.amp)
        if args.auto_scale_lr:
            use_auto_scale_lr(cfg)
        if args.no_validate:
            skip_validation(cfg)
        check_output_folder('the work folder', cfg.work_dir)
        runner = build_runner(cfg)
        if cfg.get('resume'):
            runner.register_hook(WholeCheckpointHook())
            runner.register_hook(ChangedScheduleHook())
        runner.train()


if __name__ == '__main__':
    main()
