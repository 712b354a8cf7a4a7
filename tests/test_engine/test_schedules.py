"""The schedules of the paper's configs, run through on a model of a few weights."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from stand_ins import stand_in_config

EPOCH = 4  # steps; the stand-in's ten points in batches of three


class RatesHook(Hook):
    """Keeps the learning rate of each step."""

    def __init__(self):
        self.rates = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper.get_lr()['lr'][0])


@pytest.mark.parametrize(
    ('name', 'epochs'),
    [
        ('mg-pgd_r101_mhp-v2', 150),
        ('mg-pgd_r50_mhp-v2', 100),
        ('mg-pgd_r101_cihp', 100),
        ('mg-pgd_r101_densepose-coco', 100),
        ('mg-pgd_r50_densepose-coco', 100),
        ('mg-pgd_r101_pascal-person-part', 150),
    ],
)
def test_the_rate_rises_for_an_epoch_and_falls_to_a_tenth_in_the_last_twenty(repo_root, tmp_path, name, epochs):
    paper = Config.fromfile(repo_root / f'configs/multi_granularity/{name}.py')
    assert paper.model.backbone.init_cfg.checkpoint == f'torchvision://resnet{paper.model.backbone.depth}'
    assert f'r{paper.model.backbone.depth}' in name

    cfg = stand_in_config(tmp_path)
    for key in ('train_cfg', 'val_cfg', 'test_cfg', 'optim_wrapper', 'param_scheduler', 'default_hooks'):
        cfg[key] = paper[key]
    cfg.log_processor, cfg.auto_scale_lr = paper.log_processor, paper.auto_scale_lr
    cfg.train_dataloader.sampler = paper.train_dataloader.sampler
    cfg.val_evaluator = cfg.test_evaluator = [dict(type='StandInMetric')]
    cfg.visualizer.name = f'schedule_{name}'
    rates = RatesHook()
    runner = Runner.from_cfg(cfg)
    runner.register_hook(rates)
    runner.train()

    rates = rates.rates
    assert len(rates) == epochs * EPOCH
    assert rates[0] == pytest.approx(0.05 * 0.001)
    assert rates[: EPOCH + 1] == sorted(rates[: EPOCH + 1])
    assert rates[EPOCH : (epochs - 20) * EPOCH] == pytest.approx([0.05] * (epochs - 21) * EPOCH)
    decay = rates[(epochs - 20) * EPOCH :: EPOCH]
    assert decay == pytest.approx([0.05 * 0.1 ** (epoch / 19) for epoch in range(20)])
    assert (tmp_path / f'epoch_{epochs}.pth').is_file()
