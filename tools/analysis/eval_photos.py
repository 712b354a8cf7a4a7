"""Scores parsers on photos whose people have joints and masks by people: OKS AP, mask AP and parts amid limbs.

  python tools/analysis/eval_photos.py PEOPLE.json PHOTOS                       # the models of the package
  python tools/analysis/eval_photos.py PEOPLE.json PHOTOS --config C --weights W --bodypix bodypix_mobilenet_075.npz

PEOPLE.json has the layout of COCO's person_keypoints_*.json. No part labels are needed: the middle of a limb between
two visible joints shows its part. Parsers must know the joints of coco_17 and the parts of densepose_14.
docs/en/user_guides/metrics.md describes the scores.
"""

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.apis.networks import Backend, Precision
from mmhparse.commands import add_config_options, at_least, check_output_file, load_config, plain_usage_errors
from mmhparse.datasets.readers import read_image
from mmhparse.evaluation.photos import (
    AnnotatedPhoto,
    ParsedPhoto,
    PhotoScores,
    judge_photo,
    read_annotated_photos,
    score_photos,
)
from mmhparse.structures import COCO_17, DENSEPOSE_14, PartSet, Skeleton
from mmhparse.utils import CommandParser, UsageError, progress_bar, write_atomic

Parser = Callable[[np.ndarray], ParsedPhoto]
"""Parses a photo, (H, W, 3) uint8 BGR."""
SCORED_MODELS = [name for name, model in BUNDLED_MODELS.items() if model.part_set == DENSEPOSE_14.name]


@dataclass(frozen=True)
class Row:
    """The result of one parser; seconds are those a photo takes, without reading it."""

    name: str
    scores: PhotoScores
    seconds: float


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('people', metavar='PEOPLE.json', help='the annotations')
    parser.add_argument('photos', metavar='PHOTOS', help='folder of the photos')
    parser.add_argument(
        '--models',
        nargs='+',
        metavar='NAME',
        choices=SCORED_MODELS,
        help='models of the package; default: all of 14 parts',
    )
    parser.add_argument('--config', help='config of a parser of your own; default: the one saved with --weights')
    parser.add_argument(
        '--weights', help='checkpoint or export of a parser of your own, in place of the models of the package'
    )
    parser.add_argument('--bodypix', metavar='FILE.npz', help="BodyPix's weights: scores its whole pipeline, too")
    parser.add_argument('--bodypix-stride', type=int, choices=(8, 16), default=8, help='of its outputs; default: 8')
    parser.add_argument('--max-side', type=int, help="longer side of what the parsers see; default: the configs'")
    parser.add_argument('--device', default='cpu', help='default: cpu')
    parser.add_argument(
        '--backend', choices=get_args(Backend), help='what runs networks; default: torch, onnxruntime for exports'
    )
    parser.add_argument(
        '--precision', choices=get_args(Precision), default='float32', help='of networks; default: float32'
    )
    parser.add_argument('--threads', type=at_least(1), default=2, help='CPU threads of every parser; default: 2')
    parser.add_argument('--limit', type=at_least(1), metavar='N', help='only the first N photos')
    parser.add_argument('--out', metavar='FILE.json', type=Path, help='write all scores to this file')
    add_config_options(parser)
    args = parser.parse_args()
    if args.config is not None and args.weights is None:
        parser.error('--config needs --weights')
    if args.cfg_options and args.config is None:
        parser.error('--cfg-options changes a config: give --config')
    return args


def as_parsed_photo(prediction: dict) -> ParsedPhoto:
    """A prediction of the inferencer."""
    people, size = prediction['people'], prediction['person_map'].shape
    rows = np.zeros(max((person['id'] for person in people), default=0) + 1, np.int32)
    for row, person in enumerate(people, start=1):
        rows[person['id']] = row
    return ParsedPhoto(
        prediction['part_map'],
        rows[prediction['person_map']].reshape(size),
        np.array([person['keypoints'] for person in people], float).reshape(-1, len(COCO_17), 2),
        np.array([person['score'] for person in people], float),
    )


def check_classes(name: str, skeleton: Skeleton, part_set: PartSet) -> None:
    """Checks that a parser of these joints and parts can be scored.

    Raises:
        UsageError: If it knows others than the annotations.
    """
    for known, wanted in ((skeleton, COCO_17), (part_set, DENSEPOSE_14)):
        if known.name != wanted.name:
            raise UsageError(f"{name} predicts '{known.name}', but only '{wanted.name}' can be scored on photos.")


def inferencer_parser(name: str, infer: HumanParsingInferencer) -> Parser:
    """The inferencer as a parser to be scored.

    Raises:
        UsageError: If it knows other joints or parts than those that can be scored.
    """
    check_classes(name, infer.skeleton, infer.part_set)
    return lambda image: as_parsed_photo(infer(image)['predictions'][0])


def build_parsers(args: argparse.Namespace) -> dict[str, Parser]:
    """The parsers to score, by name."""
    options = {
        'device': args.device,
        'max_side': args.max_side,
        'precision': args.precision,
        'show_progress': False,
    }
    parsers: dict[str, Parser] = {}
    if args.weights is not None:
        config = load_config(args.config, args.cfg_options) if args.config else None
        backend = args.backend or ('onnxruntime' if args.weights.endswith('.onnx') else 'torch')
        infer = HumanParsingInferencer(config, args.weights, backend=backend, **options)
        parsers[Path(args.weights).name] = inferencer_parser(args.weights, infer)
    for name in args.models or ([] if args.weights else SCORED_MODELS):
        parsers[name] = inferencer_parser(
            name, HumanParsingInferencer(name, backend=args.backend or 'torch', **options)
        )
    if args.bodypix is not None:
        # beside this file; only this row needs it
        from bodypix_peer import BodyPixPeer

        from mmhparse.models.teachers import load_bodypix

        parsers['BodyPix'] = BodyPixPeer(load_bodypix(args.bodypix, args.bodypix_stride))
    return parsers


def evaluate(name: str, parse: Parser, photos: list[AnnotatedPhoto], images: list[np.ndarray]) -> Row:
    """Parses and scores all photos with one parser."""
    parse(images[0])  # what only the first call costs is not counted
    judged, seconds = [], 0.0
    with progress_bar(len(images), name, leave=False) as bar:
        for photo, image in zip(photos, images, strict=True):
            start = time.perf_counter()
            parsed = parse(image)
            seconds += time.perf_counter() - start
            judged.append(judge_photo(photo, parsed))
            bar.update()
    return Row(name, score_photos(judged), seconds / len(images))


def table_of(rows: list[Row]) -> Table:
    """One column a parser."""
    first = rows[0].scores
    counts = (
        f'{first.joints.people} people with joints, {first.masks.people} with masks, {first.parts.points} part points'
    )
    table = Table('score', title=counts)
    for row in rows:
        table.add_column(row.name, justify='right')
    for name in first.metrics():
        table.add_row(name, *(f'{row.scores.metrics()[name]:.3f}' for row in rows))
    table.add_row('seconds a photo', *(f'{row.seconds:.3f}' for row in rows), end_section=True)
    for part in first.parts.by_part:
        table.add_row(part, *(f'{row.scores.parts.by_part[part]:.3f}' for row in rows), style='dim')
    return table


def as_json(rows: list[Row]) -> bytes:
    """All scores; null stands for what is not defined."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return None if isinstance(value, float) and math.isnan(value) else value

    content = {row.name: row.scores.metrics() | {'seconds': row.seconds, 'details': asdict(row.scores)} for row in rows}
    return (json.dumps(plain(content), indent=2) + '\n').encode()


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    with plain_usage_errors():
        if args.out is not None:
            check_output_file('--out', args.out)
        try:
            photos = read_annotated_photos(args.people, args.photos)[: args.limit]
            if not photos:
                raise UsageError(f'{args.people} lists no photos.')
            images = [read_image(photo.path, exif=False) for photo in photos]
            parsers = build_parsers(args)
            rows = [evaluate(name, parse, photos, images) for name, parse in parsers.items()]
        except (ValueError, OSError) as error:
            raise UsageError(str(error)) from error
    Console().print(table_of(rows))
    if args.out is not None:
        write_atomic(args.out, as_json(rows))


if __name__ == '__main__':
    main()
