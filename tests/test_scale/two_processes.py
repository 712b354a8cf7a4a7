"""Trains or tests a small parser as one of several processes, or alone; run by test_distributed.py.

    two_processes.py WORK_DIR train|test [--checkpoint FILE] (rank and size in the environment, as torchrun sets them)

Batch normalisation is replaced by group normalisation, which knows no batch: torch has no SyncBatchNorm for CPUs.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmhparse.commands import build_runner
from mmhparse.registry import HOOKS

CODEC = dict(type='DifferentiableGroupingCodec')
NORM = dict(type='GN', num_groups=4)
IMAGES_A_STEP = 4
STEPS = 3
ROOT = Path(__file__).resolve().parents[2]


@HOOKS.register_module()
class WriteLosses(Hook):
    """Writes each loss of each step."""

    def __init__(self, path):
        self.path, self.rows = Path(path), []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        ids = [sample.img_id for sample in data_batch['data_samples']]
        self.rows.append({'ids': ids, **{name: value.item() for name, value in outputs.items()}})

    def after_train(self, runner):
        self.path.write_text(json.dumps(self.rows))


def config(work_dir: Path, processes: int) -> Config:
    dataset = dict(type='SyntheticPeopleDataset', num_images=12, image_size=(96, 96), seed=0)
    evaluation = dict(
        # the last digits of a convolution depend on the number of images, which differs between the processes
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(dataset, num_images=7, test_mode=True, pipeline=[dict(type='PackHumanParseInputs')]),
    )
    encode = [dict(type='GenerateFields', codec=CODEC), dict(type='PackHumanParseInputs')]
    losses = {name: dict(type=f'{name.capitalize()}Loss') for name in ('part', 'joint', 'limb', 'projection')}
    losses['grouping'] = dict(type='GroupingLoss', pixel_weight=1.0)
    metrics = ('SemanticPartMetric', 'InstancePartMetric', 'PartRegionMetric', 'JointMetric')
    return Config(
        dict(
            default_scope='mmhparse',
            work_dir=str(work_dir),
            experiment_name=f'{work_dir.name}_{processes}',
            launcher='pytorch' if processes > 1 else 'none',
            env_cfg=dict(dist_cfg=dict(backend='gloo')),
            model=dict(
                type='BottomUpHumanParser',
                codec=CODEC,
                backbone=dict(
                    type='LightResNet', stem_channels=8, channels=(8, 8, 16, 16), blocks=(1, 1, 1, 1), norm_cfg=NORM
                ),
                neck=dict(type='PyramidDecoder', channels=16, mixing='plain_3x3', norm_cfg=NORM),
                head=dict(type='MultiGranularityHead', channels=16, mixing='plain_3x3', norm_cfg=NORM),
                losses=losses,
            ),
            train_dataloader=dict(
                batch_size=IMAGES_A_STEP // processes,
                num_workers=0,
                sampler=dict(type='InfiniteSampler', shuffle=False),
                dataset=dict(dataset, pipeline=encode),
            ),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=STEPS),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9), clip_grad=dict(max_norm=10.0)),
            test_dataloader=evaluation,
            test_cfg=dict(),
            test_evaluator=[dict(type=name) for name in metrics],
            default_hooks=dict(logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False)),
            log_processor=dict(type='LogProcessor', by_epoch=False),
            custom_hooks=[dict(type='WriteLosses', path=str(work_dir / f'losses_{os.environ.get("RANK", 0)}.json'))],
            randomness=dict(seed=0),
            visualizer=dict(type='Visualizer', vis_backends=[], name=f'{work_dir.name}'),
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('work_dir', type=Path)
    parser.add_argument('task', choices=['train', 'test'])
    parser.add_argument('--checkpoint')
    parser.add_argument('--fsdp', action='store_true', help='as configs/_base_/fsdp.py has it, with smaller shards')
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.work_dir.mkdir(parents=True, exist_ok=True)
    cfg = config(args.work_dir, int(os.environ.get('WORLD_SIZE', 1)))
    if args.task == 'test':
        cfg.load_from = args.checkpoint
    elif args.checkpoint:
        # the weights to begin with; runners draw random ones in different order
        cfg.model.init_cfg = dict(type='Pretrained', checkpoint=args.checkpoint)
    if args.fsdp:
        cfg.merge_from_dict(Config.fromfile(ROOT / 'configs' / '_base_' / 'fsdp.py').to_dict())
        cfg.strategy.model_wrapper.auto_wrap_policy.min_num_params = 1000
    runner = build_runner(cfg)
    if args.task == 'train':
        runner.train()
        if int(os.environ.get('RANK', 0)) == 0 and not args.fsdp:
            model = getattr(runner.model, 'module', runner.model)
            torch.save(model.state_dict(), args.work_dir / 'weights.pth')
    else:
        metrics = runner.test()
        if int(os.environ.get('RANK', 0)) == 0:
            (args.work_dir / 'metrics.json').write_text(json.dumps(metrics))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    # gloo's threads now and then abort an interpreter that takes its time to end; all results are written
    sys.stdout.flush()
    os._exit(0)


if __name__ == '__main__':
    main()
