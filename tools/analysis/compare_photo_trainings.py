"""Compares short trainings on photos that differ in one thing each, by the scores of tools/analysis/eval_photos.py.

  python tools/analysis/compare_photo_trainings.py configs/multi_granularity/mg-pgd_mobilenet_photos.py \\
    PEOPLE.json PHOTOS --seeds 0 1 2 --cfg-options data_root=... train_cfg.max_iters=400

All rows of a seed see the same photos in the same order as far as they take the same random numbers. PEOPLE.json and
PHOTOS are those that decide. ``photos.jsonl`` in the work folder has a line for each seed and row; what it has is not
run again.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.config import Config, ConfigDict
from rich.console import Console
from rich.table import Table

from mmhparse.commands import SeedResults, add_config_options, build_runner, load_config, plain_usage_errors
from mmhparse.commands.run_options import set_work_dir
from mmhparse.utils import UsageError

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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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


def score(folder: Path, people: str, photos: str) -> dict[str, float | None]:
    """The scores of a trained row; None where the photos do not define one.

    Raises:
        UsageError: If they cannot be computed; eval_photos.py has told why.
    """
    tool, out = Path(__file__).with_name('eval_photos.py'), folder / 'scores.json'
    (checkpoint,) = folder.glob('iter_*.pth')
    command = [sys.executable, str(tool), people, photos, '--threads', '1', '--out', str(out)]
    command += ['--config', str(folder / 'config.py'), '--weights', str(checkpoint)]
    if subprocess.run(command).returncode:
        raise UsageError(f'{tool.name} failed on {checkpoint}, as it says above.')
    (scores,) = json.loads(out.read_text()).values()
    return {name: scores[name] for name in SCORES}


def table_of(results: SeedResults, rows: Sequence[str]) -> Table:
    """Mean and 95 % interval over seeds; below each row its difference to the config, paired by seed."""
    table = Table('training', *SCORES)
    for row in rows:
        table.add_row(row, *results.intervals((row,)))
        differences = results.differences((row,), ('config',))
        if row != 'config' and differences:
            table.add_row('  difference', *differences, style='dim')
    return table


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        cfg = load_config(args.config, args.cfg_options)
        set_work_dir(cfg, args.work_dir)
        results = SeedResults(Path(cfg.work_dir) / 'photos.jsonl', ('row',), SCORES)
        for seed in args.seeds:
            for row in args.rows:
                if ((row,), seed) not in results:
                    results.add(seed, {(row,): score(train(cfg, row, seed), args.people, args.photos)})
    Console(width=160).print(table_of(results, args.rows))


if __name__ == '__main__':
    main()
