"""What a training leaves to be watched: shares of losses, pictures of every stage, TensorBoard's files."""

import json
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub

from mmhparse.commands import build_runner, load_config
from mmhparse.engine import DataWaitHook, LossSharesHook

DEMO = 'configs/multi_granularity/mg-pgd_light_synthetic.py'


def _shares(name, losses):
    hub = MessageHub.get_instance(name)
    runner = SimpleNamespace(message_hub=hub)
    LossSharesHook().after_train_iter(runner, 0, outputs={key: torch.tensor(value) for key, value in losses.items()})
    return {key.removeprefix('train/'): scalar.current() for key, scalar in hub.log_scalars.items()}


def test_shares_are_of_the_terms_alone_and_add_up_to_one():
    shares = _shares('shares', {'loss': 4.0, 'loss_part': 3.0, 'loss_joint': -1.0, 'grouping_recall': 0.5})
    assert shares == {'share_part': 0.75, 'share_joint': 0.25}


def test_no_loss_no_share():
    assert _shares('nothing', {'loss': 0.0, 'loss_part': 0.0}) == {'share_part': 0.0}


def test_the_wait_for_data_is_a_share_of_the_whole_time(monkeypatch):
    """Of 1 s and 3 s the network waits 0.5 s and 0.1 s: a share of 0.6 / 4, and not the mean of 0.5 and 0.033."""
    clock = iter((10.0, 10.5, 11.0, 11.1, 14.0, 20.0, 20.3, 30.3, 30.4))
    monkeypatch.setattr('mmhparse.engine.hooks.data_wait_hook.perf_counter', lambda: next(clock))
    hub = MessageHub.get_instance('wait')
    runner = SimpleNamespace(message_hub=hub)
    hook = DataWaitHook(window=2)
    hook.before_train_epoch(runner)
    for iteration in range(2):
        hook.before_train_iter(runner, iteration)
        hook.after_train_iter(runner, iteration)
    hook.after_val(runner)  # six seconds of validation count for nothing
    hook.before_train_iter(runner, 2)
    assert hub.get_scalar('train/data_wait').current() == pytest.approx(0.15)
    hook.after_train_iter(runner, 2)
    hook.before_train_iter(runner, 3)  # of the last two: 0.1 of 3 s and 0.3 of 10.3 s
    assert hub.get_scalar('train/data_wait').current() == pytest.approx(0.4 / 13.3)


def test_a_window_without_iterations_is_refused():
    """Before, nothing was logged."""
    with pytest.raises(ValueError, match='window must be at least 1 iteration, got 0'):
        DataWaitHook(window=0)


def _train(folder, text):
    """Two steps of a config on tiny images, validated after each."""
    path = folder / f'{folder.name}.py'
    path.write_text(text)
    cfg = load_config(str(path))
    loader = dict(batch_size=2, num_workers=0, persistent_workers=False)
    cfg = load_config(str(path))
    cfg.merge_from_dict(
        dict(
            work_dir=str(folder / 'work'),
            train_dataloader=dict(loader, dataset=dict(num_images=4, image_size=(96, 96), cache=False)),
            val_dataloader=dict(loader, dataset=dict(num_images=3, image_size=(96, 96))),
            train_cfg=dict(max_iters=2, val_interval=1),
            visualizer=dict(name=folder.name),
            default_hooks=dict(logger=dict(interval=1)),
        )
    )
    cfg.experiment_name = folder.name
    for dataset in (cfg.train_dataloader.dataset, cfg.val_dataloader.dataset):
        for step in dataset.pipeline:
            if 'size' in step:
                step.size = (96, 96)
            if step.type == 'ResizeLongSide':
                step.long_side = 96
    runner = build_runner(Config(cfg.to_dict()))
    runner.train()
    return runner


def test_a_run_logs_shares_and_draws_the_same_image_at_each_validation(repo_root, tmp_path):
    hook = "custom_hooks = [dict(type='StagePicturesHook', num_images=1)]"
    runner = _train(tmp_path, f'_base_ = {[str(repo_root / DEMO)]}\n{hook}\n')
    (scalars,) = tmp_path.glob('work/*/vis_data/scalars.json')
    first, *others = [json.loads(line) for line in scalars.read_text().splitlines()]
    # last of all hooks, so that saving is not taken for waiting
    assert isinstance(runner.hooks[-1], DataWaitHook)
    assert any(0 <= line.get('data_wait', -1) <= 1 for line in others)
    losses = {name.removeprefix('loss_'): abs(value) for name, value in first.items() if name.startswith('loss_')}
    total = sum(losses.values())
    assert len(losses) >= 5
    assert {name: first[f'share_{name}'] for name in losses} == pytest.approx(
        {name: value / total for name, value in losses.items()}, rel=1e-3
    )
    pictures = sorted(tmp_path.glob('work/*/vis_data/vis_image/*.png'))
    assert len(pictures) == 2 and len({picture.name.rsplit('_', 1)[0] for picture in pictures}) == 1
    one, two = (cv2.imread(str(picture)) for picture in pictures)
    # two rows of four stages; the photo at the top left stays, what the network sees changes
    assert np.array_equal(one[:96, :96], two[:96, :96]) and not np.array_equal(one, two)
    assert one.shape[0] >= 2 * 96 and one.shape[1] >= 4 * 96
    # fields are kept for the drawn image alone
    assert runner.model.keep_fields is False


def test_tensorboard_gets_scalars_and_pictures(repo_root, tmp_path):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    page = (repo_root / 'docs/en/user_guides/training.md').read_text()
    (block,) = re.findall(r'```python\n# watching\n(.*?)```', page, flags=re.DOTALL)
    # mmhparse:: needs an installed package; the tests run in the repository as well
    _train(tmp_path, block.replace('mmhparse::', f'{repo_root}/configs/'))
    (folder,) = tmp_path.glob('work/*/vis_data')
    events = EventAccumulator(str(folder)).Reload()
    scalars = events.Tags()['scalars']
    assert {'loss', 'grouping_recall'} <= set(scalars)
    shares = {name.removeprefix('share_') for name in scalars if name.startswith('share_')}
    assert shares and shares == {name.removeprefix('loss_') for name in scalars if name.startswith('loss_')}
    assert sum(tag.startswith('stages_') for tag in events.Tags()['images']) == 3
