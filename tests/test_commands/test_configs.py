"""Overrides reach what they name, and misspelled names are errors."""

import pytest

from mmhparse.commands import load_config
from mmhparse.utils import UsageError

CONFIG = """
data_root = 'data/coco'
unused = 3
model = dict(type='Parser', backbone=dict(type='ResNet', depth=18), heads=[dict(channels=8), dict(channels=16)])
train_dataloader = dict(batch_size=4, dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(type='Wrapper', datasets=[dict(data_root=data_root), dict(data_root='other')]))
"""


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(CONFIG)
    return str(path)


def test_overrides(config_file):
    options = {'model.backbone.depth': 50, 'model.heads.1.channels': 32, 'train_dataloader.num_workers': 2}
    cfg = load_config(config_file, options)
    assert cfg.model.backbone.depth == 50
    assert [head.channels for head in cfg.model.heads] == [8, 32]
    assert cfg.train_dataloader == dict(batch_size=4, num_workers=2, dataset=dict(data_root='data/coco'))


def test_a_top_level_argument_of_the_runner_may_be_new(config_file):
    assert load_config(config_file, {'work_dir': 'runs'}).work_dir == 'runs'


def test_a_variable_is_changed_wherever_it_was_copied_to(config_file):
    cfg = load_config(config_file, {'data_root': '/data'})
    assert cfg.data_root == cfg.train_dataloader.dataset.data_root == '/data'
    assert [dataset.data_root for dataset in cfg.val_dataloader.dataset.datasets] == ['/data', 'other']


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('modle.backbone.depth', "no 'modle' in the config.*Did you mean 'model'"),
        ('model.backbnoe.depth', "no 'backbnoe' in 'model'.*Did you mean 'backbone'"),
        ('model.backbone.dept', "Did you mean 'depth'"),
        ('train_dataloader.batchsize', "Did you mean 'batch_size'"),
        ('model.heads.2.channels', 'entries 0 to 1'),
        ('model.backbone.depth.stages', "'model.backbone.depth' is 18"),
        ('batch_size', "no 'batch_size' in the config"),
        ('unused', "only a variable of the config file"),
    ],
)  # fmt: skip
def test_a_misspelled_override_is_refused(config_file, key, message):
    with pytest.raises(UsageError, match=message):
        load_config(config_file, {key: 1})


def test_a_misspelled_name_in_the_file_is_refused(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("optim_wraper = dict(type='OptimWrapper')")
    with pytest.raises(UsageError, match=r"config\.py.*'optim_wraper'.*'optim_wrapper'"):
        load_config(str(path))


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(UsageError, match="no config file 'nowhere.py'"):
        load_config('nowhere.py')
    broken = tmp_path / 'broken.py'
    broken.write_text('model = dict(')
    with pytest.raises(UsageError, match=r'broken\.py cannot be read'):
        load_config(str(broken))
    orphan = tmp_path / 'orphan.py'
    orphan.write_text("_base_ = 'gone.py'")
    with pytest.raises(UsageError, match=r'orphan\.py cannot be read.*gone\.py'):
        load_config(str(orphan))


def test_every_config_that_comes_along_loads(repo_root):
    paths = sorted((repo_root / 'configs').glob('[!_]*/*.py'))
    assert paths
    for path in paths:
        assert 'test_pipeline' in load_config(str(path)), path
