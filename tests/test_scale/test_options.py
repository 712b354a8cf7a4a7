"""What a config may switch on for speed and memory, each on a small parser: it trains, and stays the same training."""

import itertools
import json

import pytest
import torch
from mmengine.config import Config
from test_scale.two_processes import config

from mmhparse.commands import build_runner, set_resume, use_amp
from mmhparse.structures import ParseFields
from mmhparse.utils import UsageError

_names = itertools.count()


def trained(work_dir, **changes):
    """Trains three steps; the losses of each step, and the runner."""
    work_dir.mkdir(exist_ok=True)
    cfg = config(work_dir, processes=1)
    cfg.merge_from_dict(changes)
    cfg.experiment_name = cfg.visualizer.name = f'option_{next(_names)}'
    cfg.pop('test_dataloader'), cfg.pop('test_cfg'), cfg.pop('test_evaluator')
    runner = build_runner(cfg)
    runner.train()
    return json.loads((work_dir / 'losses_0.json').read_text()), runner


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    return trained(tmp_path_factory.mktemp('plain'))


def assert_same_losses(losses, expected, tolerance):
    for step, others in zip(losses, expected, strict=True):
        for name in step.keys() - {'ids'}:
            assert step[name] == pytest.approx(others[name], rel=tolerance, abs=tolerance), name


def test_activation_checkpointing_changes_no_number(plain, tmp_path):
    losses, _ = trained(tmp_path, activation_checkpointing=['backbone.stages.0', 'neck.context'])
    assert_same_losses(losses, plain[0], 1e-6)


def test_checkpointing_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"no 'backbone.stages.9', but \['backbone.stages"):
        trained(tmp_path, activation_checkpointing=['backbone.stages.9'])


def test_compiled_training_gives_the_same_numbers(plain, tmp_path):
    """With the compiler that writes no code: what is tested is that torch can follow the model."""
    hooks = [dict(type='CompileNetworkHook', backend='eager'), config(tmp_path, 1).custom_hooks[0]]
    losses, runner = trained(tmp_path, custom_hooks=hooks)
    assert runner.model.head._compiled_call_impl is not None
    assert_same_losses(losses, plain[0], 1e-4)


def test_bfloat16_trains_like_float32(plain, tmp_path):
    cfg = Config(dict(optim_wrapper=config(tmp_path, 1).optim_wrapper))
    use_amp(cfg, 'bfloat16')
    losses, runner = trained(tmp_path, optim_wrapper=cfg.optim_wrapper)
    assert all(parameter.dtype == torch.float32 for parameter in runner.model.parameters())
    assert losses != plain[0]
    assert_same_losses(losses, plain[0], 0.05)


def test_losses_and_solver_are_in_float32_under_autocast(tmp_path, monkeypatch):
    """Convolutions run in bfloat16; what the losses see, and compute with, is float32."""
    _, runner = trained(tmp_path)
    model = runner.model
    kinds = {}

    def note_features(module, inputs, output):
        kinds['features'] = output.dtype

    model.backbone.stem.conv.register_forward_hook(note_features)

    def watch(name, loss):
        def call(fields, *others):
            tensors = [fields.joint_heatmaps, fields.joint_offsets, fields.limb_fields]
            if isinstance(fields, ParseFields):
                tensors += [fields.part_logits, *fields.projection]
            kinds[name] = {tensor.dtype for tensor in tensors}
            assert not torch.is_autocast_enabled('cpu')
            return own(fields, *others)

        own = loss.forward
        monkeypatch.setattr(loss, 'forward', call)

    for index, loss in enumerate([*model.field_losses.values(), model.grouping_loss]):
        watch(index, loss)
    data = model.data_preprocessor(next(iter(runner.train_dataloader)), training=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(**data, mode='loss')
    assert kinds.pop('features') == torch.bfloat16
    assert list(kinds.values()) == [{torch.float32}] * 5
    assert {value.dtype for value in losses.values()} == {torch.float32}


def test_gradients_accumulate_over_steps(plain, tmp_path):
    """Weights move at every second step."""
    losses, runner = trained(tmp_path, optim_wrapper=dict(accumulative_counts=2))
    assert losses[0]['loss'] == pytest.approx(plain[0][0]['loss'])
    # the first step was not taken: the second batch meets the first weights
    assert losses[1]['loss'] > plain[0][1]['loss']
    first_moved = runner.optim_wrapper.optimizer.state
    assert all('momentum_buffer' in state for state in first_moved.values())


def _fresh(work_dir):
    cfg = config(work_dir, 1)
    cfg.experiment_name = cfg.visualizer.name = f'option_{next(_names)}'
    return cfg


def test_the_learning_rate_follows_the_batch(tmp_path):
    _, runner = trained(tmp_path, auto_scale_lr=dict(enable=True, base_batch_size=8))
    assert runner.optim_wrapper.get_lr()['lr'] == [0.005]


def test_resume_brings_back_averaged_weights_and_optimizer(tmp_path):
    """Three steps and one more after a resume equal four: with momentum, EMA, and under bfloat16."""
    changes = dict(
        custom_hooks=[dict(type='EMAHook', momentum=0.1), dict(type='WriteLosses', path=str(tmp_path / 'l.json'))],
        optim_wrapper=dict(type='BFloat16OptimWrapper'),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2)),
    )

    def run(work_dir, steps, resume=None):
        cfg = _fresh(work_dir)
        cfg.merge_from_dict(changes)
        cfg.train_cfg.max_iters = steps
        cfg.default_hooks.exact_resume = dict(type='ExactResumeHook')
        set_resume(cfg, resume)
        runner = build_runner(cfg)
        runner.train()
        return torch.load(work_dir / f'iter_{steps}.pth', weights_only=True)

    whole = run(tmp_path / 'whole', 4)
    run(tmp_path / 'parts', 2)
    resumed = run(tmp_path / 'parts', 4, 'auto')
    assert whole.keys() == resumed.keys()
    assert {'state_dict', 'ema_state_dict', 'optimizer', 'random_states'} <= whole.keys()
    for name in ('state_dict', 'ema_state_dict'):
        for key, value in whole[name].items():
            assert torch.equal(value, resumed[name][key]), (name, key)
    for key, state in whole['optimizer']['state'].items():
        assert torch.equal(state['momentum_buffer'], resumed['optimizer']['state'][key]['momentum_buffer'])
