"""Mistakes of a config are told before the training, by their names."""

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from parse_samples import ALL, META, joints_of, maps, predict, with_truth
from stand_ins import StandInDataset, StandInModel, stand_in_config

from mmhparse.commands import build_runner, check_training, load_config
from mmhparse.registry import DATASETS, METRICS, MODELS
from mmhparse.structures import IGNORE
from mmhparse.utils import UsageError


@pytest.fixture
def cfg(tmp_path):
    return stand_in_config(tmp_path)


def test_epochs_that_never_end_are_refused(cfg):
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
    with pytest.raises(UsageError, match='InfiniteSampler never ends'):
        build_runner(cfg)


@MODELS.register_module()
class FindsSomebody(StandInModel):
    """Predicts two people where all is to be ignored."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'loss':
            return super().forward(inputs, data_samples, mode)
        ignored = np.full((40, 60), IGNORE)
        truths = [with_truth(ignored, ignored, torch.zeros(0, 17, 2)) for _ in inputs]
        return [predict(truth, *maps(0), joints_of(2), [0.9, 0.8]) for truth in truths]


@DATASETS.register_module()
class NamedStandInDataset(StandInDataset):
    """Has the metainfo that the metrics ask for."""

    metainfo = META


def test_a_validation_without_people_does_not_end_the_training(cfg):
    """Metrics of nothing are NaN: no checkpoint is better than another, and the training goes on."""
    cfg.model.type, cfg.val_dataloader.dataset.type = 'FindsSomebody', 'NamedStandInDataset'
    cfg.val_evaluator = [*ALL, dict(type='mmhparse.PartErrorMetric')]
    cfg.default_hooks.checkpoint.update(save_best='OKS_AP', rule='greater')
    cfg.visualizer.name = 'without_people'
    runner = build_runner(cfg)
    runner.train()
    assert runner.iter == 10
    names = [name for metric in cfg.val_evaluator for name in METRICS.get(metric['type']).NAMES]
    assert np.isnan([runner.message_hub.get_scalar(f'val/{name}').current() for name in names]).all()


def demo_config(repo_root, **options) -> Config:
    return load_config(str(repo_root / 'configs/multi_granularity/mg-pgd_light_synthetic.py'), options)


@pytest.mark.parametrize(
    ('name', 'meant'), [('miou', 'mIoU'), ('AP_p50', 'AP_p_50'), ('ap_p_vol', 'AP_p_vol'), ('OKS-AP', 'OKS_AP')]
)
def test_save_best_of_no_metric_is_refused(repo_root, name, meant):
    """Before, after the first validation."""
    cfg = demo_config(repo_root, **{'default_hooks.checkpoint.save_best': name})
    with pytest.raises(UsageError, match=rf"save_best: the validation has no metric '{name}'\. Did you mean '{meant}'"):
        check_training(cfg)


@pytest.mark.parametrize(
    ('names', 'rule'), [('mIoU', 'greater'), (['AP_p_50', 'PCP_50'], ['greater', 'greater']), ('auto', None)]
)
def test_save_best_of_a_metric_needs_no_rule(repo_root, names, rule):
    cfg = demo_config(repo_root)
    cfg.default_hooks.checkpoint.save_best = names
    check_training(cfg)
    assert cfg.default_hooks.checkpoint.get('rule') == rule


def test_less_lost_is_better_and_prefixes_belong_to_names(repo_root):
    cfg = demo_config(repo_root)
    cfg.val_evaluator = [dict(type='PartErrorMetric', prefix='val')]
    cfg.default_hooks.checkpoint.save_best = 'val/AP_p_lost'
    check_training(cfg)
    assert cfg.default_hooks.checkpoint.rule == 'less'
    cfg.default_hooks.checkpoint.save_best = 'AP_p_lost'
    with pytest.raises(UsageError, match="Did you mean 'val/AP_p_lost'"):
        check_training(cfg)


def test_metrics_of_others_are_left_to_mmengine(cfg):
    cfg.default_hooks.checkpoint.save_best = 'theirs'
    check_training(cfg)


@pytest.mark.parametrize(
    ('size', 'fits'),
    [((250, 190), '224 x 160 or 256 x 192'), ((256, 200), '256 x 192 or 256 x 224'), ((20, 32), '32 x')],
)
def test_sizes_that_the_network_cannot_divide_are_refused(repo_root, size, fits):
    """Before, the losses ended with a message of torch."""
    cfg = demo_config(repo_root)
    cfg.train_dataloader.dataset.image_size = size
    with pytest.raises(UsageError, match=rf'train_dataloader\.dataset\.image_size is {size[0]} x .* use {fits}'):
        check_training(cfg)


def test_sizes_are_found_in_pipelines_and_inner_data_sets(repo_root):
    cfg = demo_config(repo_root)
    inner = cfg.train_dataloader.dataset
    inner.image_size = (250, 190)
    inner.pipeline.insert(0, dict(type='mmhparse.RandomAffinePeople', size=(64, 96)))
    check_training(cfg)
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=[inner, copy.deepcopy(inner)])
    check_training(cfg)
    cfg.train_dataloader.dataset.datasets[1].pipeline[0]['size'] = (65, 96)
    with pytest.raises(UsageError, match=r'dataset\.datasets\[1\]\.pipeline\[0\]\.size is 65 x 96'):
        check_training(cfg)
    cfg.model.data_preprocessor = dict(type='HumanParseDataPreprocessor', pad_size_divisor=64)
    cfg.train_dataloader.dataset.datasets[1].pipeline[0]['size'] = (64, 64)
    with pytest.raises(UsageError, match=r'datasets\[0\].*multiples of 64'):
        check_training(cfg)


def test_codecs_of_two_strides_are_refused(repo_root):
    """Before, the losses ended with a message of torch on the sizes of tensors."""
    cfg = demo_config(repo_root, **{'model.codec.stride': 8})
    message = (
        r'train_dataloader\.dataset\.pipeline\[\d\]\.codec has stride 4, but model\.codec has 8: .*codec\.stride=8'
    )
    with pytest.raises(UsageError, match=message):
        check_training(cfg)
    check_training(demo_config(repo_root, **{'codec.stride': 8}))


def test_first_weights_that_are_missing_are_told_before_the_model_is_built(repo_root, tmp_path):
    with pytest.raises(UsageError, match=r"There is no checkpoint file '.*none\.pth'"):
        check_training(demo_config(repo_root, load_from=str(tmp_path / 'none.pth')))
    for elsewhere in ('mmhparse://mg-pgd_mobilenet_photos', 'https://host/none.pth', str(tmp_path)):
        check_training(demo_config(repo_root, load_from=elsewhere))


def test_loaders_without_workers_work(cfg):
    """Before, an error of torch: its workers cannot persist where there are none."""
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=True, prefetch_factor=4)
    cfg.visualizer.name = 'without_workers'
    runner = build_runner(cfg)
    runner.train()
    assert runner.iter == 10


def test_a_test_is_not_checked_as_a_training(repo_root, tmp_path):
    cfg = demo_config(repo_root, work_dir=str(tmp_path))
    cfg.train_dataloader.dataset.image_size = (250, 190)
    cfg.visualizer.name = 'only_tested'
    build_runner(cfg, 'test')
