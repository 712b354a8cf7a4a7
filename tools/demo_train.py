"""Trains a small parser on synthetic people, evaluates it on others, and parses some of them.

Leaves in its folder: metrics.json, curves.png, the checkpoint, the log, the first held-out images (inputs/), and for
each of them a picture (pictures/), its part map and person map, and JSON.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
from mmengine.config import Config
from mmengine.runner import find_latest_checkpoint
from rich.console import Console
from rich.table import Table

from mmhparse.apis import HumanParsingInferencer
from mmhparse.commands import (
    HEADLINE_METRICS,
    add_config_options,
    build_terse_runner,
    draw_curves,
    load_config,
    plain_usage_errors,
    set_resume,
    set_work_dir,
    write_metrics,
)
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / 'configs' / 'multi_granularity' / 'mg-pgd_light_synthetic.py'
HELD_OUT_PICTURES = 6


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work-dir', default=str(ROOT / 'work_dirs' / 'demo'), help='default: work_dirs/demo')
    parser.add_argument('--resume', action='store_true', help='continue a training that was interrupted')
    add_config_options(parser)
    return parser.parse_args()


def train_and_evaluate(cfg: Config) -> dict[str, float | None]:
    """Trains, evaluates on the held-out images, and writes metrics.json and curves.png."""
    runner = build_terse_runner(cfg)
    runner.train()
    metrics = write_metrics(runner.test(), Path(cfg.work_dir) / 'metrics.json')
    draw_curves(cfg.work_dir, Path(cfg.work_dir) / 'curves.png')
    return metrics


def draw_held_out(cfg: Config) -> Iterator[str]:
    """Writes the first held-out images as files."""
    dataset = cfg.test_dataloader.dataset
    folder = Path(cfg.work_dir) / 'inputs'
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(HELD_OUT_PICTURES):
        path = str(folder / f'held_out_{index}.png')
        cv2.imwrite(path, synthetic_scene(dataset.seed + index, tuple(dataset.image_size)).image)
        yield path


def metrics_table(metrics: dict[str, float | None], num_images: int) -> Table:
    """The metrics, those by which parsers are compared first."""
    table = Table(title=f'{num_images} held-out images')
    table.add_column('metric')
    table.add_column('value', justify='right')
    headline = [name for name in HEADLINE_METRICS if name in metrics]
    others = [name for name in metrics if name not in headline]
    for names, style in ((headline, 'bold'), (others, 'dim')):
        for name in names:
            table.add_row(name, '-' if metrics[name] is None else f'{metrics[name]:.3f}', style=style)
        table.add_section()
    return table


def main() -> int:
    """Returns 1 if an image could not be parsed, else 0."""
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(str(CONFIG), args.cfg_options)
        set_work_dir(cfg, args.work_dir)
        set_resume(cfg, 'auto' if args.resume else None)
    console = Console()
    metrics = train_and_evaluate(cfg)
    infer = HumanParsingInferencer(cfg, find_latest_checkpoint(cfg.work_dir))
    out = infer(list(draw_held_out(cfg)), out_dir=cfg.work_dir)
    console.print(metrics_table(metrics, cfg.test_dataloader.dataset.num_images))
    for failure in out['failures']:
        console.print(f'not parsed: {failure.source}: {failure.reason}', markup=False, style='red')
    console.print(f'Everything lies in {cfg.work_dir}: look at pictures/ and curves.png first.', markup=False)
    return 1 if out['failures'] else 0


if __name__ == '__main__':
    raise SystemExit(main())
