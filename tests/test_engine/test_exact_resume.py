"""Training is repeatable, and a kill does not change what it gives."""

import itertools

import pytest
import torch
from mmengine.hooks import Hook
from stand_ins import stand_in_config

from mmhparse.commands import build_runner, set_resume

_names = itertools.count()


class _KilledError(Exception):
    pass


class _Recorder(Hook):
    """Collects the losses by iteration; kills the training after ``last`` of them."""

    def __init__(self, last=None):
        self.losses = {}
        self.last = last

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses[runner.iter] = outputs['loss'].item()
        if len(self.losses) == self.last:
            raise _KilledError


def _train(cfg, last=None):
    """Trains and returns the losses by iteration and the final weights."""
    cfg.experiment_name = cfg.visualizer.name = f'test_{next(_names)}'
    runner = build_runner(cfg)
    recorder = _Recorder(last)
    runner.register_hook(recorder, priority='LOWEST')
    if last is None:
        runner.train()
    else:
        with pytest.raises(_KilledError):
            runner.train()
    _end_workers(runner)
    return recorder.losses, {name: value.clone() for name, value in runner.model.state_dict().items()}


def _end_workers(runner):
    """Ends worker processes now; if the garbage collector ends them, torch waits five seconds for each."""
    for loader in (runner.train_dataloader, runner.val_dataloader):
        if getattr(loader, '_iterator', None) is not None:
            loader._iterator._shutdown_workers()


def _assert_same(weights, others):
    for name, value in weights.items():
        assert torch.equal(value, others[name]), name


@pytest.mark.parametrize('num_workers', [0, 2])
def test_one_seed_gives_one_training(tmp_path, num_workers):
    first, weights = _train(stand_in_config(tmp_path / 'a', num_workers))
    second, others = _train(stand_in_config(tmp_path / 'b', num_workers))
    assert len(first) == 10
    assert first == second
    _assert_same(weights, others)


def test_another_seed_gives_another_training(tmp_path):
    cfg = stand_in_config(tmp_path / 'b')
    cfg.randomness.seed = 1
    assert _train(stand_in_config(tmp_path / 'a'))[0] != _train(cfg)[0]


def _killed_and_resumed(work_dir, num_workers, prepare=lambda cfg: None):
    """Losses and weights of a training killed at iteration 5 and resumed from the checkpoint of iteration 3."""
    for last in (5, None):
        cfg = stand_in_config(work_dir, num_workers)
        prepare(cfg)
        set_resume(cfg, 'auto')
        losses, weights = _train(cfg, last)
    return losses, weights


@pytest.mark.parametrize('num_workers', [0, 2])
def test_killed_and_resumed_equals_uninterrupted(tmp_path, num_workers):
    whole, weights = _train(stand_in_config(tmp_path / 'whole', num_workers))
    resumed, others = _killed_and_resumed(tmp_path / 'killed', num_workers)
    assert list(resumed) == [3, 4, 5, 6, 7, 8, 9]
    assert resumed == {step: whole[step] for step in resumed}
    _assert_same(weights, others)


def test_without_the_hook_a_resume_goes_astray(tmp_path):
    """Holds that the tests above can fail: the stand-ins do consume random numbers."""

    def drop_hook(cfg):
        del cfg.default_hooks.exact_resume

    whole, _ = _train(stand_in_config(tmp_path / 'whole'))
    resumed, _ = _killed_and_resumed(tmp_path / 'killed', 0, drop_hook)
    assert resumed != {step: whole[step] for step in resumed}


def test_epochs_resume_exactly_where_they_end(tmp_path):
    def by_epoch(cfg):
        cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
        cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)
        cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)
        cfg.default_hooks.sampler_seed = dict(type='DistSamplerSeedHook')

    cfg = stand_in_config(tmp_path / 'whole')
    by_epoch(cfg)
    whole, weights = _train(cfg)
    resumed, others = _killed_and_resumed(tmp_path / 'killed', 0, by_epoch)
    assert list(resumed) == [4, 5, 6, 7, 8, 9, 10, 11]
    assert resumed == {step: whole[step] for step in resumed}
    _assert_same(weights, others)


def test_evaluating_more_often_changes_no_training(tmp_path):
    often = stand_in_config(tmp_path / 'often')
    often.train_cfg.val_interval = 1
    assert _train(often)[0] == _train(stand_in_config(tmp_path / 'seldom'))[0]


def test_a_resume_without_random_states_warns(tmp_path):
    cfg = stand_in_config(tmp_path)
    del cfg.default_hooks.exact_resume
    _train(cfg, last=5)
    cfg = stand_in_config(tmp_path)
    set_resume(cfg, 'auto')
    _train(cfg)
    log = max(tmp_path.glob('*/*.log'), key=lambda file: file.stat().st_mtime).read_text()
    assert 'random states of 0 processes' in log


def test_fine_tuning_does_not_take_over_random_states(tmp_path):
    _train(stand_in_config(tmp_path / 'first'))
    weights = str(tmp_path / 'first' / 'iter_9.pth')

    def fine_tuned(work_dir, seed):
        cfg = stand_in_config(tmp_path / work_dir)
        cfg.load_from = weights
        cfg.randomness.seed = seed
        return _train(cfg)[0]

    assert list(fine_tuned('a', 1)) == list(range(10))
    assert fine_tuned('b', 1) != fine_tuned('c', 2)
