"""Evaluates a checkpoint and leaves ``metrics.json`` in the work folder."""

import argparse
from pathlib import Path

from mmengine.dist import is_main_process

from mmhparse.commands import (
    add_config_options,
    add_launcher_options,
    build_runner,
    check_output_file,
    check_output_folder,
    draw_predictions,
    dump_predictions,
    export_local_rank,
    load_config,
    plain_usage_errors,
    set_work_dir,
    use_tta,
    write_metrics,
)
from mmhparse.engine import WholeCheckpointHook, check_checkpoint
from mmhparse.utils import CommandParser


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file or address')
    parser.add_argument('--work-dir', help='folder for logs and metrics; default: work_dirs/<name of the config>')
    parser.add_argument('--out', metavar='FILE.pkl', help='write all predictions to this pickle file')
    parser.add_argument('--show', action='store_true', help='show each prediction in a window')
    parser.add_argument('--show-dir', help='draw each prediction into this folder')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds that a window stays open; 0 waits for a key'
    )
    parser.add_argument(
        '--tta', action='store_true', help='average over sizes and mirror images (tta_model, tta_pipeline)'
    )
    add_config_options(parser)
    add_launcher_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    export_local_rank(args.local_rank)
    with plain_usage_errors():
        if args.out:
            check_output_file('--out', args.out)
        if args.show_dir:
            check_output_folder('--show-dir', args.show_dir)
        cfg = load_config(args.config, args.cfg_options)
        check_checkpoint(args.checkpoint)
        cfg.launcher = args.launcher
        cfg.load_from = args.checkpoint
        set_work_dir(cfg, args.work_dir)
        if args.tta:
            use_tta(cfg)
        if args.show or args.show_dir:
            draw_predictions(cfg, show=args.show, out_dir=args.show_dir, wait_time=args.wait_time)
        if args.out:
            dump_predictions(cfg, args.out)
        check_output_folder('the work folder', cfg.work_dir)
        runner = build_runner(cfg, 'test')
        runner.register_hook(WholeCheckpointHook())
        metrics = runner.test()
    if is_main_process():
        write_metrics(metrics, Path(cfg.work_dir) / 'metrics.json')


if __name__ == '__main__':
    main()
