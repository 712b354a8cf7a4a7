"""Times a training pipeline on one core, transform by transform, for photos of four people in each original format."""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform, Compose
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from mmhparse.commands import add_speeds_option, append_speeds, plain_usage_errors, speeds_of
from mmhparse.datasets import HumanParseDataset
from mmhparse.datasets.readers import segmentation_mask
from mmhparse.registry import DATASETS, TRANSFORMS
from mmhparse.synthetic import SyntheticScene, synthetic_scene
from mmhparse.testing.releases import (
    write_cihp,
    write_densepose_coco,
    write_lv_mhp_v2,
    write_pascal_person_part,
)
from mmhparse.utils import CommandParser, progress_bar

IMAGE_SIZE = (1024, 768)
PEOPLE = 4
INPUT_SIZE = (512, 512)
SCENES = 8
DENSEPOSE_JSON = 'annotations/densepose_coco_2014_train.json'
READING = 'reading the annotation'


@dataclass(frozen=True)
class Format:
    """A data set's original format.

    Attributes:
        write: Writes scenes into a folder.
        dataset: Config of the data set that reads them, but for ``data_root``.
    """

    write: Callable[[Path, Sequence[SyntheticScene]], object]
    dataset: dict = field(default_factory=dict)


def write_outlined_densepose_coco(root: Path, scenes: Sequence[SyntheticScene]) -> None:
    """DensePose-COCO with a few polygons a person, as annotators draw them.

    The miniature release covers masks exactly, with hundreds of rectangles: they would take most of the time.
    """
    write_densepose_coco(root, scenes)
    path = root / DENSEPOSE_JSON
    content = json.loads(path.read_text())
    for record in content['annotations']:
        mask = segmentation_mask(record['segmentation'], IMAGE_SIZE[::-1]).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        corners = [cv2.approxPolyDP(outline, 1.5, closed=True) for outline in outlines]
        record['segmentation'] = [outline.astype(float).ravel().tolist() for outline in corners if len(outline) > 2]
    path.write_text(json.dumps(content))


FORMATS = {
    'LV-MHP-v2': Format(write_lv_mhp_v2, dict(type='LvMhpV2Dataset')),
    'DensePose-COCO': Format(write_outlined_densepose_coco, dict(type='DensePoseCocoDataset', ann_file=DENSEPOSE_JSON)),
    'PASCAL-Person-Part': Format(write_pascal_person_part, dict(type='PascalPersonPartDataset')),
    'CIHP': Format(write_cihp, dict(type='CihpDataset')),
}


def pipeline_of(dataset: HumanParseDataset) -> list[BaseTransform]:
    """The transforms of a training pipeline with all targets, in their order."""
    codec = dict(
        type='DifferentiableGroupingCodec', skeleton=dataset.metainfo['skeleton'], part_set=dataset.metainfo['part_set']
    )
    steps = [
        dict(type='LoadImage'),
        dict(type='RandomAffinePeople', size=INPUT_SIZE, scale=(0.75, 2.5), stretch=1.2, person_prob=0.7),
        dict(type='RandomFlipPeople'),
        dict(type='PhotometricDistortPeople'),
        dict(type='GenerateFields', codec=codec),
        dict(type='PackHumanParseInputs'),
    ]
    return [TRANSFORMS.build(step) for step in steps]


def measure(dataset: HumanParseDataset, samples: int) -> dict[str, float]:
    """Mean CPU seconds a sample, by transform; reading the annotation comes first."""
    spent = defaultdict(float)

    def timed(transform: BaseTransform) -> Callable[[dict], dict]:
        def run(results: dict) -> dict:
            start = time.process_time()
            results = transform(results)
            spent[type(transform).__name__] += time.process_time() - start
            return results

        return run

    pipeline = Compose([timed(transform) for transform in pipeline_of(dataset)])
    for warm in (True, False):
        spent.clear()
        count = len(dataset) if warm else samples
        start = time.process_time()
        for index in range(count):
            dataset.prepare_with(index % len(dataset), pipeline)
        total = time.process_time() - start
    times = {name: seconds / samples for name, seconds in spent.items()}
    return {READING: total / samples - sum(times.values()), **times}


def memory_curve(dataset: HumanParseDataset, samples: int, reports: int = 10) -> dict[int, float]:
    """Resident memory in MiB after so many samples."""
    pipeline = Compose(pipeline_of(dataset))
    curve = {}
    bar = progress_bar(samples, 'samples')
    for index in range(samples):
        dataset.prepare_with(index % len(dataset), pipeline)
        bar.update()
        if (index + 1) % max(samples // reports, 1) == 0:
            curve[index + 1] = resident_memory()
    bar.close()
    return curve


def resident_memory() -> float:
    """MiB of this process that lie in memory now.

    Raises:
        OSError: If the system does not tell by /proc.
    """
    line = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmRSS'))
    return int(line.split()[1]) / 1024


def times_table(times: dict[str, dict[str, float]]) -> Table:
    """Milliseconds a sample, a column a format."""
    size, view = 'x'.join(map(str, IMAGE_SIZE)), 'x'.join(map(str, INPUT_SIZE))
    table = Table('ms a sample', title=f'{size} photos of {PEOPLE} people to {view} samples with all targets, one core')
    for name in times:
        table.add_column(name, justify='right')
    columns = list(times.values())
    for step in columns[0]:
        table.add_row(step, *(f'{1e3 * column[step]:.1f}' for column in columns))
    totals = [sum(column.values()) for column in columns]
    table.add_row('total', *(f'{1e3 * total:.1f}' for total in totals), style='bold')
    table.add_row('samples a second', *(f'{1 / total:.1f}' for total in totals), style='bold')
    return table


def memory_table(name: str, curve: dict[int, float]) -> Table:
    """Resident MiB after so many samples."""
    table = Table(title=f'{name}: resident memory')
    for column in ('samples', 'MiB'):
        table.add_column(column, justify='right')
    for samples, memory in curve.items():
        table.add_row(f'{samples:,}', f'{memory:.0f}')
    return table


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--format', nargs='+', choices=list(FORMATS), default=list(FORMATS), help='default: all')
    parser.add_argument('--samples', type=int, default=100, help='samples timed in each format; default: 100')
    parser.add_argument(
        '--memory', type=int, metavar='N', help='instead of timing, print the resident memory over N samples'
    )
    add_speeds_option(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    init_default_scope('mmhparse')
    scenes = [synthetic_scene(seed, IMAGE_SIZE, PEOPLE) for seed in range(SCENES)]
    console, times = Console(), {}
    for name in args.format:
        with tempfile.TemporaryDirectory() as folder:
            FORMATS[name].write(Path(folder), scenes)
            dataset = DATASETS.build(dict(FORMATS[name].dataset, data_root=folder))
            np.random.seed(0)
            if args.memory:
                console.print(memory_table(name, memory_curve(dataset, args.memory)))
            else:
                times[name] = measure(dataset, args.samples)
    if times:
        console.print(times_table(times))
    if times and args.speeds:
        spent = {f'{name}, a sample': [1e3 * sum(column.values())] for name, column in times.items()}
        spent |= {f'{name}, `GenerateFields`': [1e3 * column['GenerateFields']] for name, column in times.items()}
        with plain_usage_errors():
            append_speeds(args.speeds, speeds_of('loading, mean CPU time on one core', spent))


if __name__ == '__main__':
    main()
