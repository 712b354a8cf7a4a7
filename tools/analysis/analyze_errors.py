"""Attributes the AP^p that a parser loses to kinds of errors, and draws the images that lose most.

The errors of each kind are repaired with the truth, and the set is scored again:

  missed_person  adds true people that no prediction matches
  false_person   removes predictions that match no true person, duplicates included
  wrong_person   assigns pixels to the person that they belong to
  wrong_part     sets the true part of pixels; the background counts as a part
  boundary       corrects borders that are off by a few pixels

Writes errors.json, errors.png and worst/*.png.
"""

import argparse
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from mmhparse.commands import (
    add_config_options,
    at_least,
    build_dataset,
    build_runner,
    check_output_folder,
    load_config,
    plain_usage_errors,
    set_work_dir,
)
from mmhparse.datasets import HumanParseDataset
from mmhparse.engine import check_checkpoint
from mmhparse.engine.hooks import original_image
from mmhparse.evaluation import PartErrorMetric
from mmhparse.evaluation.error_analysis import ERROR_KINDS, PIXEL_ERRORS, ErrorAnalysis
from mmhparse.evaluation.functional import THRESHOLDS
from mmhparse.evaluation.metrics import WorstImage
from mmhparse.utils import CommandParser, UsageError, progress_bar
from mmhparse.visualization import ERROR_COLOURS, draw_errors

MIDDLE = THRESHOLDS.index(0.5)


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('predictions', help='checkpoint to test, or the pickle file of tools/test.py --out')
    parser.add_argument('--out-dir', help='default: the work folder of the config, with errors/ after it')
    parser.add_argument('--worst', type=at_least(0), default=8, metavar='N', help='how many images to draw; default: 8')
    parser.add_argument(
        '--band', type=float, default=0.005, help="how far a border may be off, as a fraction of the image's diagonal"
    )
    add_config_options(parser)
    return parser.parse_args()


def score_pickle(cfg: Config, path: str, options: dict) -> PartErrorMetric:
    """Evaluates the predictions that tools/test.py --out wrote."""
    if not Path(path).is_file():
        raise UsageError(f"There is no file '{path}'. tools/test.py CONFIG CHECKPOINT --out {path} writes it.")
    with open(path, 'rb') as file:
        samples = pickle.load(file)
    metric = PartErrorMetric(**options)
    metric.dataset_meta = build_dataset(cfg, 'test', lazy_init=True).metainfo
    with progress_bar(len(samples), 'images') as bar:
        for sample in samples:
            metric.process(None, [sample])
            bar.update()
    metric.evaluate(len(samples))
    return metric


def score_checkpoint(cfg: Config, path: str, options: dict) -> PartErrorMetric:
    """Tests the checkpoint with this metric only."""
    check_checkpoint(path)
    cfg.load_from = path
    cfg.test_evaluator = dict(type='PartErrorMetric', **options)
    runner = build_runner(cfg, 'test')
    runner.test()
    return runner.test_loop.evaluator.metrics[0]


def as_record(analysis: ErrorAnalysis, worst: list[WorstImage]) -> dict:
    """All numbers, as errors.json holds them."""
    kinds = {
        kind: dict(
            count=int(analysis.counts[row]),
            gain_alone=analysis.gain_alone[row].tolist(),
            gain_alone_vol=float(analysis.gain_alone[row].mean()),
            gain_in_turn=analysis.gain_in_turn[row].tolist(),
            gain_in_turn_vol=float(analysis.gain_in_turn[row].mean()),
        )
        for row, kind in enumerate(ERROR_KINDS)
    }
    return dict(
        thresholds=THRESHOLDS,
        num_people=analysis.num_people,
        AP_p=analysis.ap.tolist(),
        AP_p_vol=float(analysis.ap.mean()),
        AP_p_lost=float(analysis.lost.mean()),
        kinds=kinds,
        worst=[dict(image=image.name, lost_people=image.lost_people) for image in worst],
    )


def print_table(analysis: ErrorAnalysis) -> None:
    lost = analysis.lost.mean()
    table = Table(title=f'AP^p of {analysis.num_people} people, and what repairs add to it')
    table.add_column('')
    for name in ('count', 'alone, 50', 'alone, vol', 'in turn, 50', 'in turn, vol', 'share of loss'):
        table.add_column(name, justify='right')
    for row, kind in enumerate(ERROR_KINDS):
        alone, in_turn = analysis.gain_alone[row], analysis.gain_in_turn[row]
        unit = 'pixels' if kind in PIXEL_ERRORS else 'people'
        gains = [f'{gain:+.4f}' for gain in (alone[MIDDLE], alone.mean(), in_turn[MIDDLE], in_turn.mean())]
        share = f'{in_turn.mean() / lost:.1%}' if lost else '-'
        table.add_row(kind.replace('_', ' '), f'{analysis.counts[row]} {unit}', *gains, share)
    table.add_section()
    table.add_row('unrepaired', '', '', '', f'{analysis.ap[MIDDLE]:.4f}', f'{analysis.ap.mean():.4f}', f'{lost:.4f}')
    Console(width=120).print(table)


def draw_plot(analysis: ErrorAnalysis, path: Path) -> None:
    """Plots the loss at each threshold by kind, and what each repair adds alone and in turn."""
    colours = [tuple(channel / 255 for channel in colour) for colour in ERROR_COLOURS]
    names = [kind.replace('_', ' ') for kind in ERROR_KINDS]
    figure = Figure(figsize=(11, 4), layout='constrained')
    left, right = figure.subplots(1, 2)
    left.bar(THRESHOLDS, analysis.ap, width=0.08, color='0.8', label='AP$^p$')
    bottom = analysis.ap.copy()
    for gain, colour, name in zip(analysis.gain_in_turn, colours, names, strict=True):
        left.bar(THRESHOLDS, gain, width=0.08, bottom=bottom, color=colour, label=name)
        bottom += gain
    left.set(xlabel='overlap above', ylabel='AP$^p$', title='repaired in turn', xticks=THRESHOLDS, ylim=(0, 1.02))
    left.legend(fontsize='small', loc='upper left', bbox_to_anchor=(1, 1), frameon=False, reverse=True)
    rows = np.arange(len(names))
    for offset, gains, label, alpha in (
        (-0.2, analysis.gain_alone, 'repaired alone', 0.5),
        (0.2, analysis.gain_in_turn, 'after those above', 1.0),
    ):
        bars = right.barh(rows + offset, gains.mean(1), height=0.38, color=colours, alpha=alpha)
        right.bar_label(bars, [f' {gain:.3f} {label}' for gain in gains.mean(1)], fontsize='small')
    right.set(yticks=rows, yticklabels=names, xlabel='AP$^p_{vol}$ gained', title='each kind')
    right.margins(x=0.45)
    right.invert_yaxis()
    right.spines[['top', 'right']].set_visible(False)
    figure.savefig(path, dpi=120)


def draw_worst(worst: list[WorstImage], dataset: HumanParseDataset, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for rank, image in enumerate(worst, start=1):
        packed = dataset[image.index]
        photo = original_image(packed['data_samples'], packed['inputs'])
        picture = draw_errors(photo, image.predicted, image.truth, image.errors, dataset.part_set)
        path = folder / f'{rank:02d}_{Path(image.name).stem}.png'
        cv2.imwrite(str(path), picture[..., ::-1])
        print(f'{path}: {image.lost_people:.2f} people lost')


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        if args.out_dir:
            check_output_folder('--out-dir', args.out_dir)
        cfg = load_config(args.config, args.cfg_options)
        set_work_dir(cfg, None)
        score = score_pickle if args.predictions.endswith(('.pkl', '.pickle')) else score_checkpoint
        metric = score(cfg, args.predictions, dict(band=args.band, keep_worst=args.worst))
        if metric.analysis is None:
            raise UsageError(
                'no image of the test set has a true person with part pixels: there are no errors to find.'
            )
        dataset = build_dataset(cfg, 'test')
    folder = Path(args.out_dir or Path(cfg.work_dir) / 'errors')
    folder.mkdir(parents=True, exist_ok=True)
    print_table(metric.analysis)
    draw_plot(metric.analysis, folder / 'errors.png')
    (folder / 'errors.json').write_text(json.dumps(as_record(metric.analysis, metric.worst), indent=1) + '\n')
    draw_worst(metric.worst, dataset, folder / 'worst')


if __name__ == '__main__':
    main()
