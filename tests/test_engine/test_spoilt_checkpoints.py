"""Checkpoints and packed weights with bytes cut off or changed: what is read is whole, or the file is named."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmhparse.engine.checkpoints import check_checkpoint, read_checkpoint
from mmhparse.engine.packed_weights import pack_weights
from mmhparse.utils import UsageError

WEIGHTS = {'a.weight': torch.arange(24.0).view(4, 6) / 8, 'a.steps': torch.tensor(7), 'b.weight': torch.ones(3, 1, 2)}
CONFIG = "default_scope = 'mmhparse'\nmodel = dict(type='X')\n"


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('checkpoints')
    torch.save(dict(state_dict=WEIGHTS, meta=dict(cfg=CONFIG, iter=3)), folder / 'a.pth')
    pack_weights(folder / 'a.npz', WEIGHTS, CONFIG)
    return folder


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data(), suffix=st.sampled_from(['.pth', '.npz']))
def test_spoilt_bytes(files, data, suffix):
    content = bytearray((files / f'a{suffix}').read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(['cut', 'change', 'change', 'zeros', 'other', 'insert'])):
        case 'cut':
            del content[place:]
        case 'change':
            content[place] ^= data.draw(st.integers(1, 255))
        case 'zeros':
            content[place : place + 40] = bytes(len(content[place : place + 40]))
        case 'other':
            content = bytearray(data.draw(st.binary(max_size=60)))
        case 'insert':
            content[place:place] = data.draw(st.binary(min_size=1, max_size=9))
    path = files / f'spoilt{suffix}'
    path.write_bytes(content)
    for read in (check_checkpoint, read_checkpoint):
        try:
            found = read(str(path))
        except (UsageError, ValueError, OSError) as error:
            assert f'spoilt{suffix}' in str(error), error
            continue
        if read is read_checkpoint:
            state = found.get('state_dict', found)
            assert all(torch.equal(state[name], value) for name, value in WEIGHTS.items() if name in state)
