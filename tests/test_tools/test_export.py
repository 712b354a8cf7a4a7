"""Exports give what the parser gives, at sizes that were not traced, and the inferencer runs them."""

import importlib.machinery
import sys
import types
from functools import partial

import numpy as np
import pytest
import torch

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.networks import OnnxNetwork
from mmhparse.registry import MODELS
from mmhparse.testing import synthetic_scene


@pytest.fixture(scope='module')
def command(load_tool):
    return load_tool('deployment/export.py')


@pytest.fixture
def export(command, call_main):
    return partial(call_main, command)


@pytest.mark.filterwarnings('ignore')
def test_onnx(export, tmp_path, repo_root):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    path, photo = tmp_path / 'model.onnx', str(repo_root / 'demo' / 'street.jpg')
    assert export('--out', path) == 0
    plain = HumanParsingInferencer(device='cpu', show_progress=False)
    exported = HumanParsingInferencer(weights=path, backend='onnxruntime', device='cpu', show_progress=False)
    images = [synthetic_scene(7_300_000 + seed, (256, 192)).image[..., ::-1] for seed in range(3)]
    images[2] = images[2][:130]
    pairs = zip(plain(images, batch_size=2)['predictions'], exported(images, batch_size=2)['predictions'], strict=True)
    tiles = dict(device='cpu', tile=256, show_progress=False)
    tiled = HumanParsingInferencer(weights=path, backend='onnxruntime', **tiles)
    in_tiles = tuple(infer(photo)['predictions'][0] for infer in (HumanParsingInferencer(**tiles), tiled))
    assert len(in_tiles[0]['people']) == len(in_tiles[1]['people']) > 0
    for one, other in (*pairs, in_tiles):
        assert (one['part_map'] == other['part_map']).mean() >= 0.999
        assert (one['person_map'] == other['person_map']).mean() >= 0.999
    assert exported(np.zeros((200, 300, 3), np.uint8))['predictions'][0]['people'] == []


def test_torch_export(command, tmp_path):
    parser = MODELS.build(
        dict(
            type='BottomUpHumanParser',
            codec=dict(type='DifferentiableGroupingCodec'),
            backbone=dict(type='LightResNet', stem_channels=4, channels=(4, 4, 8, 8), blocks=(1, 1, 1, 1)),
            neck=dict(type='PyramidDecoder', channels=8),
            head=dict(type='MultiGranularityHead', channels=8),
            losses=dict.fromkeys(('part', 'joint', 'limb', 'projection'), dict(type='PartLoss')),
        )
    ).eval()
    exported = command.export_torch(parser, tmp_path / 'model.pt2')
    assert max(command.largest_differences(parser, exported).values()) < 1e-5
    assert exported(torch.zeros(3, 3, 96, 128))[0].shape == (3, 17, 24, 32)


@pytest.mark.parametrize('missing', [('onnx',), ('onnxruntime',), ('onnx', 'onnxruntime')])
def test_packages_that_are_not_installed_are_named_before_the_work(export, missing, tmp_path, monkeypatch):
    for name in ('onnx', 'onnxruntime'):
        installed = None if name in missing else importlib.machinery.ModuleSpec(name, None)
        module = types.ModuleType(name)
        module.__spec__ = installed
        monkeypatch.setitem(sys.modules, name, None if installed is None else module)
    message = f'^error: exports to ONNX need {" and ".join(missing)}: pip install {" ".join(missing)}. Or .*NAME.pt2.$'
    with pytest.raises(SystemExit, match=message):
        export('no_config.py', 'no.pth', '--out', tmp_path / 'model.onnx')
    # torch.export needs neither: the config is what is missed
    with pytest.raises(SystemExit, match='no_config.py'):
        export('no_config.py', 'no.pth', '--out', tmp_path / 'model.pt2')


def test_mistakes_are_explained(export, tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        export('--out', tmp_path / 'model.bin')
    assert 'must end in .onnx or .pt2' in capsys.readouterr().err
    pytest.importorskip('onnxruntime')
    (tmp_path / 'text.onnx').write_text('no model')
    with pytest.raises(ValueError, match='cannot be opened by onnxruntime'):
        OnnxNetwork(tmp_path / 'text.onnx')
    with pytest.raises(ValueError, match='needs weights'):
        HumanParsingInferencer(dict(model=dict(type='X')), backend='onnxruntime')
