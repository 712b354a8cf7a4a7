"""A resumed training follows the schedule of its config."""

import itertools
import json

import pytest
from mmengine.hooks import Hook
from stand_ins import stand_in_config

from mmhparse.commands import build_runner, set_resume
from mmhparse.engine import ChangedScheduleHook

_names = itertools.count()


class _RatesHook(Hook):
    """Keeps learning rate, weight decay and momentum of each step."""

    def __init__(self):
        self.seen = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        (group,) = runner.optim_wrapper.param_groups
        self.seen[runner.iter] = group['lr'], group['weight_decay'], group['betas']


def poly(end, by_epoch=False, **changes):
    return dict(type='PolyLR', power=0.9, eta_min=1e-6, begin=0, end=end, by_epoch=by_epoch, **changes)


def train(work_dir, iterations, schedule, resume=False, prepare=lambda cfg: None):
    """Trains; returns what each step used and the lines of the log that speak of other settings."""
    cfg = stand_in_config(work_dir)
    cfg.train_cfg.max_iters = iterations
    cfg.param_scheduler = schedule
    cfg.default_hooks.param_scheduler = dict(type='ParamSchedulerHook')
    cfg.visualizer.name = cfg.experiment_name = f'schedule_{next(_names)}'
    prepare(cfg)
    if resume:
        set_resume(cfg, 'auto')
        assert cfg.resume
    runner = build_runner(cfg)
    rates = _RatesHook()
    runner.register_hook(rates)
    if resume:
        runner.register_hook(ChangedScheduleHook())
    runner.train()
    logs = [path.read_text() for path in work_dir.glob(f'*/{"*"}.log')]
    return rates.seen, [line for log in logs for line in log.splitlines() if 'trained with other settings' in line]


WARMUP = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=5)
SCHEDULES = {
    'longer': ([poly(9)], [poly(30)]),
    'another kind': ([poly(9)], [dict(type='CosineAnnealingLR', T_max=30, eta_min=1e-5, by_epoch=False)]),
    'with a warmup': ([poly(9)], [WARMUP, poly(30)]),
    'without a warmup': ([WARMUP, poly(9)], [poly(30)]),
    'none any more': ([poly(9)], None),
    'steps': ([poly(9)], [dict(type='MultiStepLR', milestones=[4, 12], gamma=0.1, by_epoch=False)]),
}


@pytest.mark.parametrize('name', SCHEDULES)
def test_a_changed_schedule_is_used(tmp_path, name):
    """Before, the learning rate stayed at the end of the old one, without a warning."""
    before, after = SCHEDULES[name]
    train(tmp_path / 'run', 9, before)
    resumed, told = train(tmp_path / 'run', 15, after, resume=True)
    whole, _ = train(tmp_path / 'whole', 15, after)
    assert list(resumed) == list(range(9, 15))
    for step, (rate, _, _) in resumed.items():
        assert rate == pytest.approx(whole[step][0], rel=1e-9)
    assert len(told) == 1


def test_the_command_uses_a_changed_schedule(load_tool, monkeypatch, tmp_path):
    train(tmp_path / 'run', 9, [poly(9)])
    cfg = stand_in_config(tmp_path / 'run')
    cfg.train_cfg.max_iters, cfg.param_scheduler = 15, [poly(30)]
    cfg.default_hooks.param_scheduler = dict(type='ParamSchedulerHook')
    cfg.visualizer.name = cfg.experiment_name = f'schedule_{next(_names)}'
    cfg.dump(tmp_path / 'longer.py')
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr('sys.argv', ['train.py', str(tmp_path / 'longer.py'), '--resume'])
    load_tool('train.py').main()
    whole, _ = train(tmp_path / 'whole', 15, [poly(30)])
    # one file, or two if the trainings began in different seconds
    logs = [file.read_text().splitlines() for file in (tmp_path / 'run').glob('*/vis_data/scalars.json')]
    rows = [json.loads(line) for lines in logs for line in lines]
    rates = {row['step']: row['lr'] for row in rows if 'lr' in row and row['step'] > 9}
    assert rates == pytest.approx({step + 1: whole[step][0] for step in range(9, 15)}, rel=1e-9)


def test_a_changed_learning_rate_and_weight_decay_are_used(tmp_path):
    def change(cfg):
        cfg.optim_wrapper.optimizer.update(lr=0.05, weight_decay=0.1, betas=(0.8, 0.9))

    train(tmp_path / 'run', 9, [poly(20)])
    resumed, told = train(tmp_path / 'run', 15, [poly(20)], True, change)
    whole, _ = train(tmp_path / 'whole', 15, [poly(20)], prepare=change)
    for step, (rate, decay, betas) in resumed.items():
        assert rate == pytest.approx(whole[step][0], rel=1e-9)
        assert (decay, tuple(betas)) == (0.1, (0.8, 0.9))
    assert 'weight_decay was 0' in told[0] and 'base_values was' in told[0]


def test_nothing_changes_where_nothing_differs(tmp_path):
    train(tmp_path / 'run', 9, [WARMUP, poly(20)])
    resumed, told = train(tmp_path / 'run', 15, [WARMUP, poly(20)], resume=True)
    whole, _ = train(tmp_path / 'whole', 15, [WARMUP, poly(20)])
    assert resumed == {step: whole[step] for step in range(9, 15)}
    assert told == []


def test_epochs_count_where_the_schedule_counts_them(tmp_path):
    def by_epoch(cfg):
        cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
        cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=cfg.train_cfg.max_iters)
        cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)

    def steps(milestones):
        warmup = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=6)
        return [warmup, dict(type='MultiStepLR', milestones=milestones, gamma=0.1, by_epoch=True)]

    train(tmp_path / 'run', 2, steps([1]), prepare=by_epoch)
    resumed, told = train(tmp_path / 'run', 4, steps([2, 3]), True, by_epoch)
    whole, _ = train(tmp_path / 'whole', 4, steps([2, 3]), prepare=by_epoch)
    assert list(resumed) == list(range(8, 16)) and len(told) == 1
    for step, (rate, _, _) in resumed.items():
        assert rate == pytest.approx(whole[step][0], rel=1e-9)


def test_a_schedule_that_waits_for_a_plateau_goes_on_where_it_was(tmp_path):
    plateau = dict(type='ReduceOnPlateauLR', monitor='mIoU', rule='greater', patience=0, factor=0.5)
    train(tmp_path / 'run', 9, [plateau])
    _, told = train(tmp_path / 'run', 15, [dict(plateau, patience=3)], resume=True)
    assert told == []
