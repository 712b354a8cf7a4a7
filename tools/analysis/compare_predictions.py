"""Draws the predictions of several parsers side by side on one page, the photos that differ most first.

Predictions are recognised by the files in their folder:

  predictions/ and classes.json                 what tools/infer.py writes
  global_parsing/, instance_parsing/, Human_ids/  CIHP challenge
  global_seg/, global_tag/, results.txt         LV-MHP-v2 server
  coco.json, or a json file of any name         people and parts as COCO annotations

No truth is needed. docs/en/user_guides/metrics.md defines the difference of two predictions.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np

from mmhparse.apis import FailedInput
from mmhparse.apis.inputs import name_inputs
from mmhparse.apis.reading import read_pixels
from mmhparse.apis.writers.base import write_lines
from mmhparse.apis.writers.comparison_page import ComparedPhoto, comparison_lines
from mmhparse.apis.writers.pictures import jpeg, shrunk
from mmhparse.commands import check_output_folder, plain_usage_errors
from mmhparse.evaluation.files import (
    CihpPredictions,
    CocoPredictions,
    InferencerPredictions,
    MhpPredictions,
    PredictionFiles,
)
from mmhparse.evaluation.functional import PeopleMaps, people_agreement
from mmhparse.structures import PartSet, get_part_set
from mmhparse.utils import CommandParser, UsageError, atomic_path, path_inside, progress_bar, write_atomic
from mmhparse.visualization import draw_differences, draw_outlines, draw_parts

Layout = Literal['mmhparse', 'cihp', 'mhp', 'coco']

LAYOUTS: dict[Layout, str] = {
    'mmhparse': 'predictions',
    'cihp': 'global_parsing',
    'mhp': 'global_seg',
    'coco': 'coco.json',
}
"""What tells each layout, in this order: an output folder of ours may have others in it."""

LONGEST_SIDE = 800
"""Pixels of the pictures' longer side."""


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos', type=Path, help='folder of the photos')
    parser.add_argument('predictions', nargs='+', help='two or more folders or json files of predictions')
    parser.add_argument('--out-dir', type=Path, required=True, help='folder for index.html and its pictures')
    parser.add_argument('--titles', nargs='+', help='what to call the predictions on the page; default: their paths')
    parser.add_argument('--part-set', help='of the layouts of CIHP and MHP; default: cihp_19 or mhp_v2_58')
    parser.add_argument('--most', type=int, default=50, metavar='N', help='how many photos to draw; default: 50')
    parser.add_argument(
        '--ignore-people', action='store_true', help='compare parts alone, as if all were of one person'
    )
    return parser.parse_args()


def layout_of(path: str) -> Layout:
    """The layout of predictions, by the first of ``LAYOUTS`` whose folder or file is there."""
    for layout, name in LAYOUTS.items():
        if (Path(path) / name).exists():
            return layout
    if Path(path).is_file():
        return 'coco'
    raise UsageError(
        f"'{path}' holds no predictions: expected {', '.join(f'{name} ({layout})' for layout, name in LAYOUTS.items())}"
        ' in it, or a json file.'
    )


def open_predictions(path: str, layout: Layout, parts: Sequence[str], part_set: str | None) -> PredictionFiles:
    """Finds the predictions of a layout; ``parts`` is the order of the classes in COCO's."""
    if layout == 'mmhparse':
        return InferencerPredictions(path)
    if layout == 'cihp':
        return CihpPredictions(path, get_part_set(part_set or 'cihp_19').parts)
    if layout == 'mhp':
        return MhpPredictions(path, get_part_set(part_set or 'mhp_v2_58').parts)
    return CocoPredictions(path, parts, whose='the other prediction')


def open_all(paths: Sequence[str], part_set: str | None, ignore_people: bool) -> list[PredictionFiles]:
    """Finds all predictions; an error if they cannot be compared."""
    layouts: dict[str, Layout] = {path: layout_of(path) for path in paths}
    opened: dict[str, PredictionFiles] = {}
    # files in COCO's layout number the parts in any order: the others decide
    for path in sorted(layouts, key=lambda path: layouts[path] == 'coco'):
        parts = next(iter(opened.values())).parts if opened else ()
        opened[path] = open_predictions(path, layouts[path], parts, part_set)
    files = [opened[path] for path in paths]
    for path, one in opened.items():
        if one.parts != files[0].parts:
            unlike = sorted(set(one.parts) ^ set(files[0].parts)) or 'their order'
            raise UsageError(
                f"the parts of '{path}' are not those of '{paths[0]}'; they differ in {unlike}. Name the part set of "
                'the layouts of CIHP and MHP with --part-set.'
            )
        if not (one.with_people or ignore_people):
            raise UsageError(
                f"'{path}' has no Human_ids/ and does not say which person has which part: compare parts alone with "
                '--ignore-people.'
            )
    return files


def read_people(files: PredictionFiles, name: str, ignore_people: bool) -> PeopleMaps:
    """The people predicted for a photo; all parts are of one person if people are ignored or not told apart."""
    predicted = files.prediction(name)
    if ignore_people or predicted.people is None:
        return PeopleMaps(predicted.part_map, (predicted.part_map > 0).astype(np.uint8))
    return predicted.people


class Comparison:
    """Photos and predictions that belong together by name.

    Args:
        photos: Folder of the photos.
        files: Predictions of two or more parsers.
        titles: What these are called.
        ignore_people: Whether to compare parts alone.

    Attributes:
        names: Photos that all parsers have predictions for, sorted.
        failed: What could not be read, compared or drawn.
    """

    def __init__(self, photos: Path, files: Sequence[PredictionFiles], titles: Sequence[str], ignore_people: bool):
        self.photos = {item.name: item.path for item in name_inputs(photos) if item.path is not None}
        self.files, self.titles, self.ignore_people = files, titles, ignore_people
        self.names = sorted(set.intersection(*(set(one.names) for one in files)))
        self.failed: list[FailedInput] = []

    def compare(self, name: str) -> ComparedPhoto:
        """Measures how much the predictions for a photo differ.

        Raises:
            ValueError, OSError: If one cannot be read, or they are of different sizes.
        """
        if name not in self.photos:
            raise ValueError('there is no photo of this name')
        pairs = combinations(zip(self.titles, self.people(name), strict=True), 2)
        classes = len(self.files[0].parts)
        agreements = [(f'{a}, {b}', people_agreement(one, other, classes)) for (a, one), (b, other) in pairs]
        return ComparedPhoto(name, agreements)

    def draw(self, photo: ComparedPhoto, part_set: PartSet) -> list[tuple[str, np.ndarray]]:
        """Titles and pictures of a photo: each prediction, and how the others differ from the first.

        Raises:
            ValueError, OSError: If the photo cannot be read, or is of another size than its predictions.
        """
        people = self.people(photo.name)
        pixels = np.ascontiguousarray(read_pixels(self.photos[photo.name])[..., ::-1])
        drawn = []
        for title, one in zip(self.titles, people, strict=True):
            part_map, person_map = one.flattened()
            drawn.append((title, draw_outlines(draw_parts(pixels, part_map, part_set), person_map)))
        # the first pairs are those of the first parser
        for (title, agreement), other in zip(photo.agreements, people[1:], strict=False):
            drawn.append((f'differences of {title}', draw_differences(pixels, people[0], other, agreement)))
        return drawn

    def people(self, name: str) -> list[PeopleMaps]:
        """What each parser predicts."""
        predictions = []
        for title, files in zip(self.titles, self.files, strict=True):
            if name in files.missing:
                raise ValueError(f'{title} lacks {files.missing[name]}')
            predictions.append(read_people(files, name, self.ignore_people))
        return predictions

    @contextmanager
    def noting_failure(self, name: str) -> Iterator[None]:
        """Notes what fails for a photo, so that the others are compared."""
        try:
            yield
        except (ValueError, OSError) as error:
            self.failed.append(FailedInput(name, str(error)))


def write_pictures(drawn: Sequence[tuple[str, np.ndarray]], name: str, folder: Path) -> list[tuple[str, str]]:
    """Writes the pictures of a photo, and returns their titles and paths below the folder."""
    written = []
    for number, (title, picture) in enumerate(drawn, start=1):
        path = f'pictures/{number}/{name}.jpg'
        write_atomic(path_inside(folder, path), jpeg(shrunk(picture, LONGEST_SIDE)))
        written.append((title, path))
    return written


def start(args: argparse.Namespace) -> Comparison:
    """Checks the arguments and finds the photos and predictions."""
    titles = args.titles or args.predictions
    if len(args.predictions) < 2 or len(set(args.predictions)) < len(args.predictions):
        raise UsageError(f'expected the predictions of two or more parsers, got {args.predictions}.')
    if len(titles) != len(args.predictions):
        raise UsageError(f'expected {len(args.predictions)} --titles, one for each parser, got {titles}.')
    if args.most < 1:
        raise UsageError(f'--most must be at least 1, got {args.most}.')
    check_output_folder('--out-dir', args.out_dir)
    try:
        files = open_all(args.predictions, args.part_set, args.ignore_people)
        comparison = Comparison(args.photos, files, titles, args.ignore_people)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    if not comparison.names:
        firsts = ', '.join(
            f"'{next(iter(one.names), None)}' of '{title}'" for title, one in zip(titles, files, strict=True)
        )
        raise UsageError(
            f'no photo is in all of the predictions; the first ones are {firsts}. Photos are matched by their names '
            'without suffix.'
        )
    return comparison


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        comparison = start(args)
        part_set = PartSet('compared', comparison.files[0].parts)
        photos: list[ComparedPhoto] = []
        with progress_bar(len(comparison.names), 'compare') as bar:
            for name in comparison.names:
                with comparison.noting_failure(name):
                    photos.append(comparison.compare(name))
                bar.update()
        photos.sort(key=lambda photo: (-photo.difference, photo.name))
        shown: list[ComparedPhoto] = []
        for photo in photos[: args.most]:
            with comparison.noting_failure(photo.name):
                pictures = write_pictures(comparison.draw(photo, part_set), photo.name, args.out_dir)
                shown.append(replace(photo, pictures=pictures))
        with atomic_path(args.out_dir / 'index.html') as unfinished:
            differences = [photo.difference for photo in photos]
            write_lines(unfinished, comparison_lines(shown, differences, comparison.failed, part_set))
    for title, files in zip(comparison.titles, comparison.files, strict=True):
        if others := len(files.names) - len(comparison.names):
            print(f'{others} photos of {title} are not in all predictions, and were left out')
    for failure in comparison.failed:
        print(f'failed: {failure.source}: {failure.reason}')
    print(f'{len(photos)} photos compared, the {len(shown)} that differ most drawn: {args.out_dir / "index.html"}')
    if comparison.failed:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
