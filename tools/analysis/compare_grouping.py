"""Compares trainings with several grouping losses and none, and what each decoder makes of them.

All variants of a seed have the same initial weights, images and order. With ``--protocol fine-tune`` a parser is
trained without a grouping loss, and each variant is fine-tuned from its checkpoint. With ``--protocol second-half``
each variant is the config's own training: the first half, which has no grouping loss, is run once, and each variant
resumes from its checkpoint with the state of the optimizer and of the schedule. A variant whose network has other
weights shares no half and is trained whole, on the same images in the same order.

One table has the measures of each variant and decoder, as ``grouping_measures.py`` explains them; another has the
differences to the training without grouping loss, paired by seed, with 95 % intervals (Student's t). Both have two rows
for each: decoded with the config's price of links, and with the price that suits this training and decoder best, chosen
on other scenes. A loss moves the scale of limb scores: with one price for all, a training can look better only because
the price happens to suit it.

``grouping.jsonl`` in the work folder has a line for each row and seed; what it has is not run again.
"""

import argparse
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grouping_measures import DECODERS, MEASURES, GroupingMeasures, with_other_scenes
from mmengine.config import Config, ConfigDict
from rich.console import Console
from rich.table import Table

from mmhparse.commands import SeedResults, load_config
from mmhparse.commands.arguments import add_config_options, plain_usage_errors
from mmhparse.commands.run_options import set_work_dir
from mmhparse.commands.runner_setup import build_runner
from mmhparse.utils import CommandParser, UsageError


@dataclass(frozen=True)
class Variant:
    """Options of the grouping loss, None for no loss; ``limbs`` goes to the codec, for loss and decoder.

    ``network`` changes the config of the model to one with other weights.
    """

    loss: dict[str, Any] | None = field(default_factory=dict)
    limbs: dict[str, Any] = field(default_factory=dict)
    network: Callable[[ConfigDict], None] | None = None


def vote_map(model: ConfigDict) -> None:
    model.head.vote_map = True


def pose_neck(model: ConfigDict) -> None:
    model.pose_neck = copy.deepcopy(model.neck)


def learned_prices(model: ConfigDict) -> None:
    model.head.learned_prices = True


BRIDGES = dict(price=[0.3] * 19 + [0.4] * 6)  # COCO's bridges over a missing joint cost more
VARIANTS = {
    'without': Variant(None),
    'joint price in the decoder': Variant(None, dict(joint_price=0.2)),
    'links': Variant(),
    'links, entropy': Variant(dict(smoothing='entropy', gamma=0.1)),
    'links, joint price': Variant({}, dict(joint_price=0.2)),
    'links, price by limb': Variant({}, BRIDGES),
    'links, learned prices': Variant(network=learned_prices),
    'pixels': Variant(dict(link_weight=0.0, pixel_weight=1.0)),
    'links, pixels': Variant(dict(pixel_weight=1.0)),
    'links, joint price, pixels': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2)),
    'all three, vote map': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2), vote_map),
    'all three, pose neck': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2), pose_neck),
    'all three, learned prices': Variant(dict(pixel_weight=1.0), dict(joint_price=0.2), learned_prices),
}
DEFAULT_VARIANTS = ('without', 'links', 'links, joint price', 'links, pixels', 'links, joint price, pixels')


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose training, without its grouping loss, comes first')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2, 3, 4])
    parser.add_argument('--variants', nargs='+', choices=list(VARIANTS), default=list(DEFAULT_VARIANTS))
    parser.add_argument('--decoders', nargs='+', choices=list(DECODERS), default=list(DECODERS))
    parser.add_argument('--protocol', choices=['fine-tune', 'second-half'], default='fine-tune')
    parser.add_argument('--fine-tune', type=int, default=200, metavar='N', help='iterations of each fine-tuning')
    parser.add_argument('--learning-rate', type=float, default=1e-3, help='first of a fine-tuning; it falls to 0')
    parser.add_argument('--work-dir', help='folder of the trainings; one that is there is not trained again')
    add_config_options(parser)
    return parser.parse_args()


def train(cfg: Config, seed: int, folder: str) -> str:
    """Trains, unless it was done before; returns the last checkpoint."""
    cfg = Config(cfg.to_dict())
    cfg.randomness.seed = seed
    cfg.work_dir = str(folder_of(cfg, seed, folder))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    iterations = cfg.train_cfg.max_iters
    cfg.default_hooks.checkpoint.update(interval=max(1, iterations // 2), max_keep_ckpts=-1, save_last=True)
    checkpoint = Path(cfg.work_dir) / f'iter_{iterations}.pth'
    if not checkpoint.exists():
        build_runner(cfg).train()
    return str(checkpoint)


def folder_of(cfg: Config, seed: int, name: str) -> Path:
    """The work folder of one training."""
    return Path(cfg.work_dir) / f'{name}_{seed}'.replace(', ', '+').replace(' ', '-')


def with_variant(cfg: Config, variant: Variant) -> Config:
    """The config with that grouping loss, or without any; with its prices in codec and head."""
    cfg = Config(cfg.to_dict())
    cfg.model.losses.pop('grouping', None)
    # the config's own price of joints is that of its own grouping loss
    cfg.model.codec.limbs = (cfg.model.codec.get('limbs') or {}) | dict(joint_price=0.0) | variant.limbs
    if variant.network is not None:
        variant.network(cfg.model)
    if variant.loss is not None:
        cfg.model.losses.grouping = dict(type='GroupingLoss', **variant.loss)
    return cfg


def fine_tuned(cfg: Config, base: str, iterations: int, learning_rate: float) -> Config:
    """The config that goes on from a checkpoint for some iterations, with the grouping loss from the first on."""
    cfg.load_from = base
    cfg.train_cfg.max_iters = iterations
    cfg.optim_wrapper.optimizer.lr = learning_rate
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.01, end=iterations, by_epoch=False)]
    cfg.default_hooks.grouping_schedule = dict(type='GroupingScheduleHook', start=0.0, ramp=0.0)
    return cfg


def second_half(cfg: Config, base: Path) -> Config:
    """The config that resumes the training of that work folder at its half, where its grouping loss starts."""
    iterations = cfg.train_cfg.max_iters
    start = cfg.default_hooks.grouping_schedule.get('start', 0.5)
    if iterations % 2 or start != 0.5:
        raise UsageError(
            f'--protocol second-half needs an even train_cfg.max_iters and default_hooks.grouping_schedule.start=0.5, '
            f'got {iterations} and {start}.'
        )
    cfg.resume, cfg.load_from = True, str(base / f'iter_{iterations // 2}.pth')
    return cfg


def trained_variant(cfg: Config, name: str, seed: int, args: argparse.Namespace) -> tuple[Config, str]:
    """The config of a variant, and the checkpoint of its training; what all variants share is trained once."""
    variant = VARIANTS[name]
    own = with_variant(cfg, variant)
    if variant.network is not None:
        if args.protocol == 'fine-tune':
            raise UsageError(
                f"'{name}' has other weights than the checkpoint that all share: use --protocol second-half."
            )
        return own, train(own, seed, name)
    base = train(with_variant(cfg, VARIANTS['without']), seed, 'base')
    if args.protocol == 'fine-tune':
        own = fine_tuned(own, base, args.fine_tune, args.learning_rate)
    else:
        own = second_half(own, folder_of(cfg, seed, 'base'))
        if variant.loss is None:
            return own, base
    return own, train(own, seed, name)


def measure(cfg: Config, checkpoint: str, decoders: Sequence[str]) -> dict[tuple[str, str], dict[str, float | None]]:
    """The measures by decoder and price, 'config' or 'chosen'; with the shift of a chosen price."""
    measures = GroupingMeasures(cfg, checkpoint)
    results = {}
    for decoder in decoders:
        results[decoder, 'config'] = measures.measure(decoder)
        if decoder != 'oracle':
            shift = measures.best_price_shift(decoder)
            results[decoder, 'chosen'] = measures.measure(decoder, shift) | {'price_shift': shift}
    return results


def print_tables(results: SeedResults, variants: Sequence[str], title: str) -> None:
    """The measures, and their differences to the training without grouping loss in the seeds that both have."""
    columns = ('training', 'decoder', 'price', *MEASURES)
    values = Table(*columns, title=title)
    differences = Table(*columns, title='difference to the training without grouping loss')
    for variant, decoder, price in results.values:
        if variant not in variants:
            continue
        values.add_row(variant, decoder, price, *results.intervals((variant, decoder, price)))
        difference = results.differences((variant, decoder, price), ('without', decoder, price))
        if variant != 'without' and difference:
            differences.add_row(variant, decoder, price, *difference)
    for table in (values, differences):
        if table.row_count:
            Console(width=200).print(table)


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        with_other_scenes(cfg.test_dataloader)  # are there any? Asked before the trainings
        set_work_dir(cfg, args.work_dir)
        results = SeedResults(Path(cfg.work_dir) / 'grouping.jsonl', ('variant', 'decoder', 'price'), MEASURES)
        for seed in args.seeds:
            for variant in args.variants:
                decoders = [each for each in args.decoders if ((variant, each, 'config'), seed) not in results]
                if decoders:
                    found = measure(*trained_variant(cfg, variant, seed, args), decoders)
                    results.add(seed, {(variant, *key): row for key, row in found.items()})
    print_tables(results, args.variants, f'{Path(cfg.filename).stem}, {args.protocol}: mean ± 95 % over seeds')


if __name__ == '__main__':
    main()
