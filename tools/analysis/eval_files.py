"""Scores the predictions of any method from files.

  cihp  truth Category_ids/ and Human_ids/, predictions global_parsing/ and instance_parsing/ (CIHP challenge), and
        Human_ids/ where people shall be scored, too
  mhp   truth NAME_NN_KK.png, one a person; predictions global_seg/, global_tag/ and results.txt (LV-MHP-v2 server)
  coco  two json files (or folders with coco.json) with people and parts as annotations, as tools/infer.py writes them

docs/en/user_guides/metrics.md describes metrics and protocols, and the layouts to the last file.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from mmhparse.commands import HEADLINE_METRICS, check_output_file, check_output_folder, plain_usage_errors
from mmhparse.evaluation.files import (
    CihpFiles,
    CocoFiles,
    FileScores,
    ImageFiles,
    MhpFiles,
    Protocols,
    draw_class_bars,
    draw_confusion,
    draw_precision_recall,
    score_files,
)
from mmhparse.structures import get_part_set
from mmhparse.utils import CommandParser, UsageError, progress_bar

PART_SETS = {'cihp': 'cihp_19', 'mhp': 'mhp_v2_58'}


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--gt', required=True, metavar='DIR', help='the truth')
    parser.add_argument('--pred', required=True, metavar='DIR', help='the predictions')
    parser.add_argument('--format', required=True, choices=('cihp', 'mhp', 'coco'), help='layout of both')
    parser.add_argument(
        '--protocol', default='mmhparse', help='whose rules to follow, where a metric has them; default: mmhparse'
    )
    parser.add_argument('--part-set', help='names of the classes; default: cihp_19 or mhp_v2_58, as the format')
    parser.add_argument(
        '--missing',
        choices=('error', 'skip'),
        default='error',
        help='what to do about images without a prediction: stop, or leave them out as some scripts do',
    )
    parser.add_argument('--out', metavar='FILE.json', help='write metrics and classes to this file')
    parser.add_argument('--plot-dir', metavar='DIR', help='draw curves, classes and confusion into this folder')
    parser.add_argument('--workers', type=int, default=2, help='threads that read and score images; default: 2')
    return parser.parse_args()


def open_files(kind: str, truth: str, predicted: str, part_set: str | None) -> ImageFiles:
    """Finds the files to score."""
    if kind == 'coco':
        if part_set is not None:
            raise UsageError('--part-set has no use with --format coco: the json names its parts.')
        return CocoFiles(truth, predicted)
    parts = get_part_set(part_set or PART_SETS[kind]).parts
    return {'cihp': CihpFiles, 'mhp': MhpFiles}[kind](truth, predicted, parts)


def names_to_score(files: ImageFiles, missing: str) -> list[str]:
    """The images that have a prediction; an error if others shall not be left out."""
    if files.missing and missing == 'error':
        name = next(iter(files.missing))
        raise UsageError(
            f'{len(files.missing)} of {len(files.names)} images have no complete prediction: of the first, '
            f"'{name}', there is no {files.missing[name]}. An image in which nothing was found needs empty maps. "
            '--missing skip leaves such images out.'
        )
    names = [name for name in files.names if name not in set(files.missing)]
    if not names:
        raise UsageError('no image has a prediction.')
    return names


def metrics_table(scores: FileScores, title: str) -> Table:
    table = Table('metric', 'value', title=title)
    table.columns[1].justify = 'right'
    metrics = scores.metrics()
    headline = [name for name in HEADLINE_METRICS if name in metrics]
    for names, style in ((headline, 'bold'), ([name for name in metrics if name not in headline], 'dim')):
        for name in names:
            table.add_row(name, f'{metrics[name]:.4f}', style=style)
        table.add_section()
    return table


def write_json(scores: FileScores, protocols: Protocols, skipped: int, path: Path) -> None:
    def plain(values: np.ndarray) -> list[float | None]:
        return [float(value) if np.isfinite(value) else None for value in values]

    classes = {
        'IoU': dict(zip(scores.parts, plain(scores.semantic.iou), strict=True)),
        'AP_r_vol': dict(zip(scores.parts[1:], plain(scores.regions.per_class.mean(1)), strict=True)),
    }
    metrics = dict(zip(scores.metrics(), plain(np.array(list(scores.metrics().values()))), strict=True))
    content = dict(
        images=scores.num_images, skipped=skipped, protocols=vars(protocols), metrics=metrics, classes=classes
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def draw_plots(scores: FileScores, protocols: Protocols, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    figures = {'classes.png': draw_class_bars(scores), 'confusion.png': draw_confusion(scores)}
    if scores.people is not None and scores.people.num_people and scores.people.num_predictions:
        figures['precision_recall.png'] = draw_precision_recall(scores, protocols.rules[1])
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=120)


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        if args.workers < 0:
            raise UsageError(f'--workers must not be negative, got {args.workers}.')
        if args.out:
            check_output_file('--out', args.out)
        if args.plot_dir:
            check_output_folder('--plot-dir', args.plot_dir)
        try:
            protocols = Protocols.named(args.protocol)
            files = open_files(args.format, args.gt, args.pred, args.part_set)
            names = names_to_score(files, args.missing)
            with progress_bar(len(names), 'score') as bar:

                def show(images):
                    for image in images:
                        yield image
                        bar.update()

                scores = score_files(files, protocols, names, args.workers, show)
        except (ValueError, OSError) as error:
            raise UsageError(str(error)) from error
        rules = f'parts {protocols.semantic}, people {protocols.people}, regions {protocols.regions}'
        Console().print(metrics_table(scores, f'{len(names)} images; rules: {rules}'))
        if scores.people is None:
            Console().print('There is no Human_ids/ among the predictions: people (AP_p, PCP) were not scored.')
        if args.out:
            write_json(scores, protocols, len(files.names) - len(names), Path(args.out))
        if args.plot_dir:
            draw_plots(scores, protocols, Path(args.plot_dir))


if __name__ == '__main__':
    main()
