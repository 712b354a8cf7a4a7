"""Compares short trainings on photos that differ in one thing each, by the scores of tools/analysis/eval_photos.py.

  python tools/analysis/compare_photo_trainings.py configs/multi_granularity/mg-pgd_mobilenet_photos.py \\
    PEOPLE.json PHOTOS --seeds 0 1 2 --cfg-options data_root=... train_cfg.max_iters=400

All rows of a seed see the same photos in the same order as far as they take the same random numbers. PEOPLE.json and
PHOTOS are those that decide.

Each training has two lines: decoded with the config's price of links, and with chosen ones: a loss moves the scale of
limb scores, so that with one price for all a training can look better only because the price happens to suit it. Every
second photo is decoded with the price of the highest OKS AP + mask AP on the others, and the other way round.

``photos.jsonl`` in the work folder has a line for each seed, row and price; what it has is not run again.
"""

import argparse
import copy
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eval_photos import as_parsed_photo, check_classes
from limb_prices import PRICE_SHIFTS, best_shift, shift_price
from mmengine.config import Config, ConfigDict
from rich.console import Console
from rich.table import Table

from mmhparse.apis import HumanParsingInferencer
from mmhparse.commands import SeedResults, add_config_options, build_runner, load_config, plain_usage_errors
from mmhparse.commands.run_options import set_work_dir
from mmhparse.datasets.readers import read_image
from mmhparse.evaluation.photos import (
    AnnotatedPhoto,
    JudgedPhoto,
    joint_precision,
    judge_photo,
    mask_precision,
    read_annotated_photos,
    score_photos,
)
from mmhparse.registry import KEYPOINT_CODECS
from mmhparse.utils import CommandParser, UsageError

SCORES = ('OKS_AP', 'OKS_AP_50', 'mask_AP', 'mask_AP_50', 'part_points', 'part_points_right_person')


def as_it_is(cfg: Config) -> None:
    """The config's own training."""


def no_pasted_people(cfg: Config) -> None:
    """Nobody is copied from one photo into another."""
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [step for step in pipeline if step.type != 'CopyPastePeople']


def synthetic_crowds(cfg: Config) -> None:
    """A fifth of the images are synthetic crowds."""
    photos = cfg.train_dataloader.dataset
    steps = [step for step in photos.pipeline if step.type not in ('LoadImage', 'CopyPastePeople')]
    crowds = dict(type='SyntheticPeopleDataset', num_images=512, image_size=(448, 336), num_people=6, pipeline=steps)
    cfg.train_dataloader.dataset = ConfigDict(
        type='mmengine.ConcatDataset', datasets=[photos, crowds], ignore_keys=['dataset_name']
    )


def from_scratch(cfg: Config) -> None:
    """The backbone starts from random weights, and learns as fast as the rest."""
    cfg.model.backbone.update(init_cfg=None, frozen_blocks=0)
    cfg.optim_wrapper.paramwise_cfg = None


def without_grouping(cfg: Config) -> None:
    """Without the grouping loss."""
    cfg.model.losses.pop('grouping')


def links(cfg: Config) -> None:
    """With the grouping loss of links, without that of pixels."""
    cfg.model.losses.grouping = ConfigDict(type='GroupingLoss')


def joint_price(cfg: Config) -> None:
    """Links of doubtful joints cost more, in the grouping loss and in the decoder."""
    cfg.model.codec.limbs.joint_price = 0.2


def teacher_alone(cfg: Config) -> None:
    """Labels as the teacher says, ``labels/raw`` (label_photos.py --raw), without joints and masks by people."""
    cfg.train_dataloader.dataset.label_root = 'labels/raw'


ROWS: dict[str, Callable[[Config], None]] = {
    'config': as_it_is,
    'no pasted people': no_pasted_people,
    'synthetic crowds': synthetic_crowds,
    'labels by the teacher alone': teacher_alone,
    'from scratch': from_scratch,
    'without grouping': without_grouping,
    'links': links,
    'joint price': joint_price,
}


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the training')
    parser.add_argument('people', metavar='PEOPLE.json', help='annotations of the photos that decide')
    parser.add_argument('photos', metavar='PHOTOS', help='folder of these photos')
    parser.add_argument('--rows', nargs='+', choices=list(ROWS), default=list(ROWS), help='default: all')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--work-dir', help='folder of the trainings; one that is there is not trained again')
    add_config_options(parser)
    return parser.parse_args()


def train(cfg: Config, row: str, seed: int) -> Path:
    """Trains one row; returns its folder, with ``config.py`` and the last checkpoint."""
    cfg = Config(cfg.to_dict())
    ROWS[row](cfg)
    cfg.randomness.seed = seed
    folder = Path(cfg.work_dir) / f'{row}_{seed}'.replace(', ', '+').replace(' ', '-')
    cfg.work_dir = str(folder)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.update(interval=cfg.train_cfg.max_iters, max_keep_ckpts=1)
    if not list(folder.glob('iter_*.pth')):
        build_runner(cfg).train()
    cfg.model.backbone.init_cfg = None  # the checkpoint has all weights
    cfg.dump(str(folder / 'config.py'))
    return folder


def score(folder: Path, photos: list[AnnotatedPhoto]) -> dict[str, dict[str, float | None]]:
    """The scores of a trained row by price, 'config' or 'chosen'; None where the photos do not define one."""
    (checkpoint,) = folder.glob('iter_*.pth')
    infer = HumanParsingInferencer(str(folder / 'config.py'), checkpoint, device='cpu', show_progress=False)
    judged = judge_at_prices(infer, photos)
    chosen, shifts = at_chosen_prices(judged)
    return {'config': scores_of(judged[0.0]), 'chosen': scores_of(chosen) | {'price_shifts': shifts}}


def judge_at_prices(infer: HumanParsingInferencer, photos: Sequence[AnnotatedPhoto]) -> dict[float, list[JudgedPhoto]]:
    """What is found in each photo, by what is added to the price of links; the network runs once a photo."""
    pipeline = infer.parsing_pipeline
    judged: dict[float, list[JudgedPhoto]] = {shift: [] for shift in PRICE_SHIFTS}
    images = (read_image(photo.path, exif=False) for photo in photos)
    items = (item for batch in infer.preprocess(images) for item in pipeline.predict(batch))
    for photo, item in zip(photos, items, strict=True):
        for shift, found in judged.items():
            with shift_price(pipeline.codec, shift):
                (decoded,) = pipeline.decode([copy.copy(item)])
            found.append(judge_photo(photo, as_parsed_photo(decoded.prediction)))
    return judged


def at_chosen_prices(judged: Mapping[float, Sequence[JudgedPhoto]]) -> tuple[list[JudgedPhoto], list[float]]:
    """Each half of the photos, every second one, at the price that is best on the other half; and the two shifts."""
    chosen, shifts = list(judged[0.0]), []
    for half in (0, 1):
        sums = {shift: precision_of(found[1 - half :: 2]) for shift, found in judged.items()}
        shifts.append(best_shift(sums))
        chosen[half::2] = judged[shifts[-1]][half::2]
    return chosen, shifts


def precision_of(judged: Sequence[JudgedPhoto]) -> float:
    """OKS AP + mask AP, as far as the photos define them; by this prices are chosen."""
    precisions = joint_precision(judged).ap, mask_precision(judged).ap
    return sum(value for value in precisions if not math.isnan(value))


def scores_of(judged: Sequence[JudgedPhoto]) -> dict[str, float | None]:
    metrics = score_photos(judged).metrics()
    return {name: None if math.isnan(metrics[name]) else metrics[name] for name in SCORES}


def table_of(results: SeedResults, rows: Sequence[str]) -> Table:
    """Mean and 95 % interval over seeds; below each row its difference to the config, paired by seed."""
    table = Table('training', 'price of links', *SCORES)
    for row in rows:
        for price in ('config', 'chosen'):
            table.add_row(row, price, *results.intervals((row, price)))
            differences = results.differences((row, price), ('config', price))
            if row != 'config' and differences:
                table.add_row('  difference', price, *differences, style='dim')
    return table


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        set_work_dir(cfg, args.work_dir)
        codec = KEYPOINT_CODECS.build(dict(cfg.model.codec, _scope_='mmhparse'))
        check_classes(args.config, codec.skeleton, codec.part_set)
        try:
            photos = read_annotated_photos(args.people, args.photos)
            for photo in photos:  # each can be read and has its size: told before hours of training
                size = read_image(photo.path, exif=False).shape[:2]
                if size != photo.size:
                    raise UsageError(f"'{photo.path}' is {size}, but {args.people} says {photo.size} (height, width).")
        except (ValueError, OSError) as error:
            raise UsageError(str(error)) from error
        results = SeedResults(Path(cfg.work_dir) / 'photos.jsonl', ('row', 'price'), SCORES)
        for seed in args.seeds:
            for row in args.rows:
                if ((row, 'chosen'), seed) not in results:
                    found = score(train(cfg, row, seed), photos)
                    results.add(seed, {(row, price): scores for price, scores in found.items()})
    Console(width=160).print(table_of(results, args.rows))


if __name__ == '__main__':
    main()
