"""Checkpoints load with torch's weights-only reader, which stays strict about everything else."""

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from mmengine.registry import PARAM_SCHEDULERS

from mmhparse.apis import BUNDLED_MODELS
from mmhparse.engine import allow_checkpoint_types, check_checkpoint
from mmhparse.engine.checkpoints import read_checkpoint
from mmhparse.utils import UsageError


class _AnyClass:
    pass


def _round_trip(content, path):
    torch.save(content, path)
    return torch.load(path, weights_only=True)


def test_logged_values_survive(tmp_path, monkeypatch):
    history = HistoryBuffer()
    for value in (1.5, 2.5):
        history.update(value)
    torch.save({'message_hub': {'loss': history}}, tmp_path / 'a.pth')
    # as in a process that has made no history yet
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', {})
    read = torch.load(tmp_path / 'a.pth', weights_only=True)['message_hub']['loss']
    assert read.data[0].tolist() == [1.5, 2.5]
    assert read.statistics('mean') == 2.0


@pytest.mark.parametrize('number', [np.float64(0.25), np.float32(0.25), np.int64(3), np.bool_(True)])
def test_scores_survive(tmp_path, number):
    read = _round_trip({'best_score': number}, tmp_path / 'a.pth')['best_score']
    assert read == number
    assert read.dtype == number.dtype


@pytest.mark.parametrize(
    'schedule',
    [
        dict(type='ConstantLR', factor=0.5),
        dict(type='CosineAnnealingLR', T_max=3),
        dict(type='CosineRestartLR', periods=[3], restart_weights=[1.0], eta_min=0.0),
        dict(type='ExponentialLR', gamma=0.9),
        dict(type='LinearLR'),
        dict(type='MultiStepLR', milestones=[2]),
        dict(type='OneCycleLR', eta_max=0.1, total_steps=10),
        dict(type='OneCycleLR', eta_max=0.1, total_steps=10, anneal_strategy='linear'),
        dict(type='PolyLR'),
        dict(type='ReduceOnPlateauLR', monitor='loss'),
        dict(type='StepLR', step_size=2),
    ],
    ids=lambda schedule: schedule['type'],
)
def test_schedules_survive(tmp_path, schedule):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    state = PARAM_SCHEDULERS.build(schedule, default_args={'optimizer': optimizer}).state_dict()
    assert _round_trip(state, tmp_path / 'a.pth') == state


def test_calling_it_twice_does_no_harm(tmp_path):
    allow_checkpoint_types()
    assert _round_trip({'score': np.float64(1)}, tmp_path / 'a.pth') == {'score': 1.0}


@pytest.mark.parametrize('content', [_AnyClass(), HistoryBuffer.update, OneCycleParamScheduler.step])
def test_other_things_are_refused(tmp_path, content):
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(Exception, match='Unsupported global|may not ask for'):
        torch.load(tmp_path / 'a.pth', weights_only=True)


def test_a_missing_checkpoint_is_named_with_those_beside_it(tmp_path):
    (tmp_path / 'iter_500.pth').touch()
    with pytest.raises(UsageError, match=r'iter_400\.pth.*iter_500\.pth'):
        check_checkpoint(str(tmp_path / 'iter_400.pth'))
    with pytest.raises(UsageError, match=r'iter_500\.pth'):
        check_checkpoint(str(tmp_path))
    torch.save({}, tmp_path / 'iter_500.pth')
    check_checkpoint(str(tmp_path / 'iter_500.pth'))
    check_checkpoint('https://host/model.pth')


def test_the_packages_own_weights_can_be_loaded_by_name():
    """``load_from = 'mmhparse://NAME'``, by mmengine's loader and ours."""
    weights = read_checkpoint('mmhparse://mg-pgd_mobilenet_photos')['state_dict']
    expected = read_checkpoint(BUNDLED_MODELS['photos-14-parts'].path)['state_dict']
    assert weights.keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in weights.items())
    with pytest.raises(FileNotFoundError, match="'mmhparse://gone' is no model of the package; there are.*photos"):
        read_checkpoint('mmhparse://gone')
