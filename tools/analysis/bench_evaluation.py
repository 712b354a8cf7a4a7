"""Times the overlaps of all pairs of people: one pass over the pixels against a histogram for each pair.

The official scripts of AP^p compute a histogram for each pair. With ``--files N`` the tool also writes truth and
predictions of N small images in CIHP's layout and times tools/analysis/eval_files.py on them.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from mmhparse.commands import add_speeds_option, append_speeds, milliseconds, plain_usage_errors, speeds_of
from mmhparse.datasets import part_instance_map
from mmhparse.evaluation.functional import PeopleMaps, part_overlaps
from mmhparse.synthetic import synthetic_scene
from mmhparse.utils import CommandParser

EVAL_FILES = Path(__file__).parent / 'eval_files.py'


def histogram_for_each_pair(predicted: list[np.ndarray], truth: list[np.ndarray], classes: int) -> np.ndarray:
    """Mean IoU over the classes that either of two people has, (P, G), from one label map (H, W) for each person."""
    overlaps = np.zeros((len(predicted), len(truth)))
    for p, ours in enumerate(predicted):
        for g, theirs in enumerate(truth):
            known = theirs < classes
            codes = classes * theirs[known].astype(int) + ours[known]
            table = np.bincount(codes, minlength=classes**2).reshape(classes, classes)
            shared = np.diag(table)
            with np.errstate(invalid='ignore'):
                overlaps[p, g] = np.nanmean(shared / (table.sum(0) + table.sum(1) - shared))
    return overlaps


def draw_people(people: int, size: int, classes: int, seed: int) -> PeopleMaps:
    """Synthetic people side by side; their parts have labels drawn at random from all classes."""
    strips = -(-people // 5)
    shares = [people // strips + (strip < people % strips) for strip in range(strips)]
    widths = np.diff(np.linspace(0, size, strips + 1).astype(int))
    scenes = [
        synthetic_scene(1000 * seed + strip, (int(width), size), num_people=share).annotation
        for strip, (width, share) in enumerate(zip(widths, shares, strict=True))
    ]
    first = np.cumsum([0, *shares])
    person_maps = [np.where(one.person_map > 0, one.person_map + k, 0) for one, k in zip(scenes, first, strict=False)]
    relabel = np.append(0, np.random.default_rng(seed).permutation(classes - 1)[:14] + 1).astype(np.uint8)
    part_map = np.concatenate([one.part_map for one in scenes], axis=1)
    return PeopleMaps(relabel[part_map], np.concatenate(person_maps, axis=1).astype(np.uint8), people)


def label_maps(maps: PeopleMaps) -> list[np.ndarray]:
    """One label map (H, W) for each person, as the official scripts hold them in memory."""
    return [np.where(maps.person_map[0] == p, maps.part_map[0], 0) for p in range(1, maps.num_people + 1)]


def compare(counts: list[int], size: int, classes: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of both ways, by what was timed: of each number of people, the histograms and then one pass."""
    times = {}
    for people in counts:
        truth, predicted = (draw_people(people, size, classes, seed) for seed in (0, 1))
        ours, theirs = label_maps(predicted), label_maps(truth)
        expected = histogram_for_each_pair(ours, theirs, classes)
        np.testing.assert_allclose(part_overlaps(predicted, truth, classes).mean_iou(), expected, rtol=1e-12)
        what = f'{people} people, {size} x {size}'
        times[f'{what}, a histogram for each pair'] = milliseconds(
            lambda ours=ours, theirs=theirs: histogram_for_each_pair(ours, theirs, classes), repeats
        )
        times[f'{what}, one pass'] = milliseconds(
            lambda p=predicted, t=truth: part_overlaps(p, t, classes).mean_iou(), repeats
        )
    return times


def print_table(times: dict[str, list[float]], classes: int) -> None:
    table = Table('', 'median ms', 'least - most', 'times as fast', title=f'part overlaps, {classes} classes')
    names = list(times)
    for pairs, once in zip(names[::2], names[1::2], strict=True):
        ratio = statistics.median(times[pairs]) / statistics.median(times[once])
        for name, cell in ((pairs, ''), (once, f'{ratio:.1f}')):
            values = times[name]
            table.add_row(name, f'{statistics.median(values):.2f}', f'{values[0]:.2f} - {values[-1]:.2f}', cell)
    Console(width=110).print(table)


def write_files(root: Path, count: int, size: int) -> None:
    """Writes truth and predictions of images of three people each; 20 scenes are repeated for all images."""
    folders = [root / name for name in ('gt/Category_ids', 'gt/Human_ids')]
    folders += [root / 'pred' / name for name in ('global_parsing', 'instance_parsing', 'Human_ids')]
    for folder in folders:
        folder.mkdir(parents=True)
    scenes = [synthetic_scene(seed, (size, size), num_people=3).annotation for seed in range(20)]
    for index in range(count):
        true, found = scenes[index % 20], scenes[(index + index // 20) % 20]
        parts = part_instance_map(found.part_map, found.person_map, 20, consecutive=True)
        labels = [found.part_map[parts == number][0] for number in range(1, parts.max() + 1)]
        lines = [f'{label} {1 / (number + 1)}' for number, label in enumerate(labels)]
        arrays = (true.part_map, true.person_map, found.part_map, parts, found.person_map)
        for folder, array in zip(folders, arrays, strict=True):
            Image.fromarray(array.astype(np.uint8)).save(folder / f'{index:07}.png')
        (root / 'pred/instance_parsing' / f'{index:07}.txt').write_text('\n'.join(lines))


def time_files(count: int, size: int, workers: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), count, size)
        command = [sys.executable, str(EVAL_FILES), '--format', 'cihp', '--workers', str(workers)]
        start = time.perf_counter()
        subprocess.run([*command, '--gt', f'{folder}/gt', '--pred', f'{folder}/pred'], check=True)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return f'{count} images of {size} x {size}: {seconds:.1f} s with {workers} threads; peak memory {peak:.0f} MiB'


def main() -> None:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--people', type=int, nargs='+', default=[1, 3, 10, 30], help='true and predicted each')
    parser.add_argument('--size', type=int, default=512, help='pixels of a side')
    parser.add_argument('--classes', type=int, default=59, help='with the background')
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--files', type=int, default=0, metavar='N', help='images to evaluate from files')
    parser.add_argument('--workers', type=int, default=2, help='threads that read and compare images')
    add_speeds_option(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)  # of which the overlaps need no more
    times = compare(args.people, args.size, args.classes, args.repeats)
    print_table(times, args.classes)
    if args.speeds:
        names = list(times)
        references = dict(zip(names[1::2], names[::2], strict=True))
        with plain_usage_errors():
            append_speeds(args.speeds, speeds_of('evaluation', times, references))
    if args.files:
        print(time_files(args.files, args.size, args.workers))


if __name__ == '__main__':
    main()
