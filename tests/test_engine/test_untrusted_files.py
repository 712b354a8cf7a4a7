"""Checkpoints that would run code, are none, or are of another model: refused on every way in, with a reason."""

import pickle
from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModule
from stand_ins import stand_in_config
from torch import nn

from mmhparse.commands import build_runner
from mmhparse.engine import WholeCheckpointHook, check_checkpoint
from mmhparse.engine.checkpoints import read_checkpoint
from mmhparse.utils import UsageError


class Attack:
    """Writes a file when it is unpickled carelessly."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return Path.touch, (Path(self.mark),)


@pytest.fixture
def attack(tmp_path):
    """A checkpoint that would write a file, and the file. Unpickled without care it does: the attack is real."""
    mark = tmp_path / 'ran'
    pickle.loads(pickle.dumps(Attack(mark)))
    assert mark.exists()
    mark.unlink()
    path = tmp_path / 'iter_3.pth'
    torch.save(dict(state_dict={'weight': torch.zeros(1)}, meta=dict(iter=3, epoch=0), extra=Attack(mark)), path)
    return path, mark


def runner_of(tmp_path, **changes):
    cfg = stand_in_config(tmp_path / 'work')
    cfg.experiment_name = cfg.visualizer.name = f'{tmp_path.name}_untrusted'
    cfg.merge_from_dict(changes)
    return build_runner(cfg)


def by_command(path, tmp_path):
    check_checkpoint(str(path))


def by_inference(path, tmp_path):
    read_checkpoint(str(path))


def by_load_from(path, tmp_path):
    runner_of(tmp_path, load_from=str(path)).test()


def by_resume(path, tmp_path):
    runner_of(tmp_path, load_from=str(path), resume=True).train()


def by_init_cfg(path, tmp_path):
    class Layer(BaseModule):
        def __init__(self):
            super().__init__(dict(type='Pretrained', checkpoint=str(path)))
            self.linear = nn.Linear(1, 1)

    Layer().init_weights()


@pytest.mark.parametrize('way', [by_command, by_inference, by_load_from, by_resume, by_init_cfg])
def test_a_checkpoint_cannot_run_code(attack, tmp_path, way):
    path, mark = attack
    with pytest.raises(Exception, match='[Ww]eights.only|read safely'):
        way(path, tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize('content', [b'', b'no checkpoint', pickle.dumps({'a': 1})[:-3], b'PK\x03\x04 cut off'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / 'model.pth'
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"model.pth' is no checkpoint that can be read safely"):
        check_checkpoint(str(path))


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', r'it is empty \(0 bytes\)\. Give'),
        (b"_base_ = ['a.py']\n", r'it was not written by torch\.save\. Give'),
        (b'\x89PNG\r\n', r'it was not written by torch\.save\. Give'),
        (b'\x80\x02' + bytes(100), 'UnpicklingError: .*[a-z]'),
    ],
)
def test_the_reason_is_a_reason(tmp_path, content, reason):
    """A config in place of its checkpoint was refused with "UnpicklingError: ."."""
    (tmp_path / 'model.pth').write_bytes(content)
    with pytest.raises(UsageError, match=rf'read safely: {reason}'):
        check_checkpoint(str(tmp_path / 'model.pth'))


def test_a_checkpoint_of_another_model_is_refused_by_tests_and_resumes(tmp_path):
    runner = runner_of(tmp_path)
    runner.register_hook(WholeCheckpointHook())
    state = runner.model.state_dict()
    path = tmp_path / 'other.pth'
    other = {name: value for name, value in state.items() if name != 'layers.2.bias'}
    torch.save(dict(state_dict=other | {'layers.0.weight': torch.zeros(9, 4), 'layers.7.weight': torch.zeros(1)}), path)
    with pytest.raises(UsageError) as error:
        runner.load_checkpoint(str(path))
    for part in (
        'layers.0.weight is (9, 4) in the checkpoint and (8, 4) in the model',
        'layers.2.bias is not in the checkpoint',
        'layers.7.weight is not in the model',
        'Give the config that it was trained with',
    ):
        assert part in str(error.value)
    torch.save(dict(state_dict=state), path)
    runner.load_checkpoint(str(path))


def test_a_config_of_another_version_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"unexpected keyword argument 'deepness'.*another version of mmhparse"):
        runner_of(tmp_path, model=dict(deepness=3))
