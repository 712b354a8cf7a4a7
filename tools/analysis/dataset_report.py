"""Counts what a data set holds, finds what is irregular or broken in it, and checks the published counts."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

from mmhparse.commands import (
    add_config_options,
    add_split_option,
    at_least,
    build_dataset,
    check_output_file,
    load_config,
    plain_usage_errors,
)
from mmhparse.datasets import HumanParseDataset, Irregularity
from mmhparse.datasets.exporting import load_whole
from mmhparse.datasets.report import DatasetCounts, PublishedCounts, published_counts
from mmhparse.utils import CommandParser, progress_bar
from mmhparse.utils.atomic_files import write_atomic

FILES_SHOWN = 3
"""Files that the printed report names for each kind of irregularity; the JSON names all."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What one image holds and what is irregular in it; a broken image counts as no image."""

    counts: DatasetCounts
    irregularities: list[Irregularity]


@dataclass(frozen=True)
class Comparison:
    """A published count and what was found; ``found`` is a plain number or a histogram."""

    what: str
    published: int | dict[str, int]
    found: int | dict[str, int]

    @property
    def agrees(self) -> bool:
        return self.published == self.found


class Inspected(Dataset):
    """Sample i is the :class:`Finding` of image i."""

    def __init__(self, dataset: HumanParseDataset):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Finding:
        parts = len(self.dataset.part_set)
        counts = DatasetCounts.zero(parts, len(self.dataset.skeleton))
        with self.dataset.noting() as irregularities:
            try:
                counts = DatasetCounts.of(load_whole(self.dataset, index)['annotation'], parts)
            except Exception as error:  # whatever is wrong with one image, the others are still counted
                path = self.dataset.describe(self.dataset.get_data_info(index))
                self.dataset.note(self.dataset.UNUSABLE, path, str(error))
        return Finding(counts, list(irregularities))


def inspect(dataset: HumanParseDataset, workers: int) -> Iterator[Finding]:
    """The findings of all images, in order, read by worker processes."""
    # set here and not in the workers, which have inherited the book-keeping of threads but not the threads
    cv2.setNumThreads(0)
    loader = DataLoader(Inspected(dataset), batch_size=8, num_workers=workers, collate_fn=list)
    bar = progress_bar(len(dataset), 'reading')
    for batch in loader:
        yield from batch
        bar.update(len(batch))
    bar.close()


def compare(counts: DatasetCounts, published: PublishedCounts | None) -> list[Comparison]:
    """Everything that is published beside what was found."""
    if published is None:
        return []
    rows = [Comparison('images', published.images, counts.images - counts.people_per_image[0])]
    if published.people is not None:
        rows.append(Comparison('people', published.people, counts.parsed))
    if published.people_per_image:
        found = Counter({people: images for people, images in counts.people_per_image.items() if people})
        rows.append(Comparison('people per image', _histogram(published.people_per_image), _histogram(found)))
    if published.parts:
        found = {part: int(counts.parts[part]) for part in published.parts}
        rows.append(Comparison('people with part', _histogram(published.parts), _histogram(found)))
    return rows


def _histogram(counts: dict[int, int]) -> dict[str, int]:
    return {str(key): counts[key] for key in sorted(counts)}


def as_json(
    dataset: HumanParseDataset, counts: DatasetCounts, irregularities: list[Irregularity], rows: list[Comparison]
) -> dict:
    """The report as JSON can hold it."""
    kinds = Counter(found.kind for found in irregularities)
    joints = zip(dataset.skeleton.joints, counts.visible.tolist(), counts.hidden.tolist(), strict=True)
    published = published_counts(dataset)
    return {
        'dataset': dataset.metainfo['dataset_name'],
        'images': counts.images,
        'people': counts.people,
        'people_with_parts': counts.parsed,
        'images_by_people_with_parts': _histogram(counts.people_per_image),
        'people_with_part': dict(zip(dataset.part_set.parts[1:], counts.parts[1:].tolist(), strict=True)),
        'pixels_of_part': dict(zip(dataset.part_set.parts, counts.pixels.tolist(), strict=True)),
        'ignored_pixels': counts.ignored_pixels,
        'joints': {name: {'visible': visible, 'hidden': hidden} for name, visible, hidden in joints},
        'published': {
            'source': None if published is None else published.source,
            'counts': [
                {'what': row.what, 'published': row.published, 'found': row.found, 'agrees': row.agrees} for row in rows
            ],
        },
        'irregularities': [
            {
                'kind': kind,
                'treatment': treatment_of(dataset, kind),
                'count': count,
                'found': [
                    {'path': found.path, 'detail': found.detail} for found in irregularities if found.kind == kind
                ],
            }
            for kind, count in kinds.most_common()
        ],
    }


def treatment_of(dataset: HumanParseDataset, kind: str) -> str:
    return 'stops the run with an error' if kind == dataset.UNUSABLE else dataset.IRREGULARITIES[kind]


def show(report: dict, console: Console) -> None:
    """Prints the report as tables."""
    console.print(_counts_table(report))
    if report['published']['counts']:
        console.print(_published_table(report))
    parts = _table('parts', 'part', people='right', pixels='right')
    for name, people in report['people_with_part'].items():
        parts.add_row(name, f'{people:,}', f'{report["pixels_of_part"][name]:,}')
    joints = _table('joints', 'joint', visible='right', hidden='right')
    for name, joint in report['joints'].items():
        joints.add_row(name, f'{joint["visible"]:,}', f'{joint["hidden"]:,}')
    for table in (parts, joints, _irregularities_table(report)):
        console.print(table)


def _table(title: str, first: str, **columns: Literal['left', 'right']) -> Table:
    """An empty table, with the names and sides of the columns after the first."""
    table = Table(first, title=title, title_justify='left')
    for name, side in columns.items():
        table.add_column(name.replace('_', ' '), justify=side, overflow='fold')
    return table


def _counts_table(report: dict) -> Table:
    table = _table(f'{report["dataset"]}: what it holds', 'count', number='right')
    table.add_row('images', f'{report["images"]:,}')
    table.add_row('people', f'{report["people"]:,}')
    table.add_row('people with parts', f'{report["people_with_parts"]:,}')
    table.add_row('people with parts an image', f'{report["people_with_parts"] / max(report["images"], 1):.2f}')
    for people, images in report['images_by_people_with_parts'].items():
        table.add_row(f'images with {people}', f'{images:,}')
    return table


def _published_table(report: dict) -> Table:
    title = f'published counts ({report["published"]["source"]})'
    table = _table(title, 'count', published='right', found='right', verdict='left')
    for row in report['published']['counts']:
        pairs = {row['what']: (row['published'], row['found'])}
        if isinstance(row['published'], dict):
            keys = sorted({*row['published'], *row['found']}, key=int)
            pairs = {f'{row["what"]} {key}': (row['published'].get(key, 0), row['found'].get(key, 0)) for key in keys}
        for what, (published, found) in pairs.items():
            table.add_row(what, f'{published:,}', f'{found:,}', 'agrees' if published == found else 'DIFFERS')
    return table


def _irregularities_table(report: dict) -> Table:
    table = _table('irregularities', 'kind', number='right', what_is_done='left', files='left')
    for row in report['irregularities']:
        files = list(dict.fromkeys(found['path'] for found in row['found']))
        more = [f'... and {len(files) - FILES_SHOWN}'] if len(files) > FILES_SHOWN else []
        table.add_row(row['kind'], f'{row["count"]:,}', row['treatment'], '\n'.join(files[:FILES_SHOWN] + more))
    if not report['irregularities']:
        table.add_row('none')
    return table


def make_report(dataset: HumanParseDataset, workers: int) -> dict:
    """Reads every image of a data set and tells what was found, as JSON can hold it."""
    counts = DatasetCounts.zero(len(dataset.part_set), len(dataset.skeleton))
    irregularities = list(dataset.listing_irregularities)
    for finding in inspect(dataset, workers):
        counts += finding.counts
        irregularities += finding.irregularities
    return as_json(dataset, counts, irregularities, compare(counts, published_counts(dataset)))


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('config', help='config file; its filter_cfg is left out, for all images count')
    add_split_option(parser)
    parser.add_argument('--out', metavar='FILE.json', help='write the whole report to this file')
    parser.add_argument(
        '--workers',
        type=at_least(0),
        default=min(os.cpu_count() or 1, 8),
        help='processes that read; 0 for this one alone',
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        if args.out:
            check_output_file('--out', args.out)
        dataset = build_dataset(load_config(args.config, args.cfg_options), args.split, filter_cfg=None)
    report = make_report(dataset, args.workers)
    show(report, Console())
    if args.out:
        write_atomic(Path(args.out), (json.dumps(report, indent=2) + '\n').encode())


if __name__ == '__main__':
    main()
