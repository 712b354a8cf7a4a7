"""Checkpoints load with torch's weights-only reader, which stays strict about everything else."""

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mhparse.engine import UsageError, allow_checkpoint_types, check_checkpoint


class _AnyClass:
    pass


def _round_trip(content, path):
    torch.save(content, path)
    return torch.load(path, weights_only=True)


def test_logged_values_survive(tmp_path):
    history = HistoryBuffer()
    for value in (1.5, 2.5):
        history.update(value)
    read = _round_trip({'message_hub': {'loss': history}}, tmp_path / 'a.pth')['message_hub']['loss']
    assert read.data[0].tolist() == [1.5, 2.5]
    assert read.statistics('mean') == 2.0


@pytest.mark.parametrize('number', [np.float64(0.25), np.float32(0.25), np.int64(3), np.bool_(True)])
def test_scores_survive(tmp_path, number):
    read = _round_trip({'best_score': number}, tmp_path / 'a.pth')['best_score']
    assert read == number
    assert read.dtype == number.dtype


def test_calling_it_twice_does_no_harm(tmp_path):
    allow_checkpoint_types()
    assert _round_trip({'score': np.float64(1)}, tmp_path / 'a.pth') == {'score': 1.0}


@pytest.mark.parametrize('content', [_AnyClass(), torch.Tensor.add_, HistoryBuffer.update], ids=str)
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
    check_checkpoint(str(tmp_path / 'iter_500.pth'))
    check_checkpoint('https://host/model.pth')
