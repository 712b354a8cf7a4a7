"""Choices of the command line end up in the config."""

import pytest
import torch
from mmengine.config import Config
from stand_ins import stand_in_config

from mmhparse.commands import (
    draw_predictions,
    dump_predictions,
    run_options,
    set_resume,
    set_work_dir,
    skip_validation,
    use_amp,
    use_auto_scale_lr,
    use_tta,
)
from mmhparse.utils import UsageError


@pytest.fixture
def cfg(tmp_path):
    return stand_in_config(tmp_path)


@pytest.mark.parametrize(
    ('given', 'own', 'expected'), [('a', 'b', 'a'), (None, 'b', 'b'), (None, None, 'work_dirs/my_model')]
)
def test_work_dir(tmp_path, given, own, expected):
    path = tmp_path / 'my_model.py'
    path.write_text(f'work_dir = {own!r}')
    cfg = Config.fromfile(str(path))
    set_work_dir(cfg, given)
    assert cfg.work_dir == expected


def test_resume(cfg, tmp_path):
    set_resume(cfg, None)
    assert not cfg.get('resume')
    cfg.load_from = 'pretrained.pth'
    set_resume(cfg, 'auto')
    # nothing to resume from: the training begins as the config says
    assert not cfg.resume
    assert cfg.load_from == 'pretrained.pth'
    checkpoint = tmp_path / 'iter_3.pth'
    with pytest.raises(UsageError, match='no checkpoint file'):
        set_resume(cfg, str(checkpoint))
    torch.save({}, checkpoint)
    set_resume(cfg, str(checkpoint))
    assert cfg.resume
    assert cfg.load_from == str(checkpoint)
    torch.save({}, tmp_path / 'iter_20.pth')
    set_resume(cfg, 'auto')
    assert cfg.resume
    assert cfg.load_from == str(tmp_path / 'iter_20.pth')
    (tmp_path / 'iter_30.pth').write_bytes(b'cut short')
    with pytest.raises(UsageError, match=r'iter_30\.pth.* cut off must be copied again'):
        set_resume(cfg, 'auto')


def test_amp(cfg, monkeypatch):
    monkeypatch.setattr(run_options, 'get_device', lambda: 'cpu')
    with pytest.raises(UsageError, match='needs a GPU.*--amp bfloat16'):
        use_amp(cfg, 'float16')
    use_amp(cfg, 'bfloat16')
    assert cfg.optim_wrapper.type == 'mmhparse.BFloat16OptimWrapper'
    cfg.optim_wrapper.type = 'OptimWrapper'
    monkeypatch.setattr(run_options, 'get_device', lambda: 'cuda')
    use_amp(cfg, 'float16')
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'
    cfg.optim_wrapper.type = 'ApexOptimWrapper'
    with pytest.raises(UsageError, match='ApexOptimWrapper'):
        use_amp(cfg, 'float16')


def test_auto_scale_lr(cfg):
    with pytest.raises(UsageError, match='base_batch_size'):
        use_auto_scale_lr(cfg)
    cfg.auto_scale_lr = dict(base_batch_size=16)
    use_auto_scale_lr(cfg)
    assert cfg.auto_scale_lr == dict(base_batch_size=16, enable=True)


def test_skip_validation(cfg):
    skip_validation(cfg)
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None


def test_draw_predictions(cfg):
    with pytest.raises(UsageError, match='visualization'):
        draw_predictions(cfg, show=False, out_dir='pictures', wait_time=0)
    cfg.default_hooks.visualization = dict(type='ParseVisualizationHook', enable=False)
    draw_predictions(cfg, show=False, out_dir='pictures', wait_time=1)
    assert cfg.default_hooks.visualization == dict(
        type='ParseVisualizationHook', enable=True, show=False, out_dir='pictures', wait_time=1
    )


def test_dump_predictions(cfg):
    with pytest.raises(UsageError, match=r'\.pkl'):
        dump_predictions(cfg, 'out.json')
    dump_predictions(cfg, 'out.pkl')
    assert [metric.type for metric in cfg.test_evaluator] == ['StandInMetric', 'DumpResults']


def test_tta_takes_the_configs_own_ways_or_says_what_it_needs(cfg):
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadImage'), dict(type='PackHumanParseInputs')]
    with pytest.raises(UsageError, match=r"ends in ResizeLongSide .* its steps are \['LoadImage', 'PackHuman"):
        use_tta(cfg)
    cfg.tta_pipeline = [dict(type='Mine')]
    cfg.tta_model = dict(type='MyTTA', weight=2)
    use_tta(cfg)
    assert cfg.model == dict(type='MyTTA', weight=2, module=dict(type='StandInModel'))
    assert cfg.test_dataloader.dataset.pipeline == [dict(type='Mine')]
