"""tools/infer.py: writes all that can be parsed, and tells by its exit code whether anything could not."""

import json
import sys
from contextlib import closing
from functools import partial

import cv2
import pytest
import torch
from bright_spot import bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer


@pytest.fixture
def run(load_tool, call_main, tmp_path):
    """Calls the command's main function with arguments, as the shell would."""
    bright_spot_config().dump(tmp_path / 'config.py')
    torch.save({'state_dict': {'threshold': torch.tensor(200.0)}}, tmp_path / 'model.pth')
    return partial(call_main, load_tool('infer.py'))


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name in ('one.png', 'two.png'):
        cv2.imwrite(str(folder / name), spot())
    return folder


def test_all_good(run, photos, tmp_path, capsys):
    model = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--device', 'cpu')
    assert run(photos, '--out-dir', tmp_path / 'out', *model, '--formats', 'part_maps', 'person_maps') == 0
    assert '2 images parsed, 2 people found' in capsys.readouterr().out
    assert sorted(file.name for file in (tmp_path / 'out').glob('*/*')) == sorted(
        ['one.png', 'two.png', 'one.png', 'two.png', 'one.json', 'two.json']
    )


def test_one_bad_file(run, photos, tmp_path, capsys):
    (photos / 'broken.jpg').write_bytes(b'no image')
    model = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--device', 'cpu')
    assert run(photos, tmp_path / 'missing.jpg', '--out-dir', tmp_path / 'out', *model, '--batch-size', 2) == 1
    printed = capsys.readouterr().out
    assert '2 images parsed' in printed
    assert 'broken.jpg' in printed and 'missing.jpg' in printed
    assert sorted(file.name for file in (tmp_path / 'out' / 'pictures').iterdir()) == ['one.jpg', 'two.jpg']


def test_the_parser_of_the_package_is_the_default(run, photos, tmp_path):
    assert run(photos, '--out-dir', tmp_path / 'out', '--device', 'cpu', '--formats', 'all') == 0
    assert (tmp_path / 'out' / 'index.html').is_file() and (tmp_path / 'out' / 'coco.json').is_file()
    assert run(photos, '--out-dir', tmp_path / 'named', '--device', 'cpu', '--model', 'photos-14-parts') == 0
    settings = [(tmp_path / folder / 'settings.json').read_text() for folder in ('out', 'named')]
    assert settings[0] == settings[1]


def test_resume(run, photos, tmp_path, capsys):
    model = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--device', 'cpu')
    assert run(photos / 'one.png', '--out-dir', tmp_path / 'out', *model) == 0
    assert run(photos, '--out-dir', tmp_path / 'out', *model, '--resume') == 0
    assert '1 images parsed, 1 people found, 1 inputs were done before' in capsys.readouterr().out


def test_interrupted(run, photos, tmp_path, capsys, monkeypatch):
    """Ctrl-C arrives while the first result is looked at."""
    model = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--device', 'cpu')

    def stream(self, *arguments, real=HumanParsingInferencer.stream, **options):
        with closing(real(self, *arguments, **options)) as results:
            yield next(results)
            raise KeyboardInterrupt

    monkeypatch.setattr(HumanParsingInferencer, 'stream', stream)
    assert run(photos, '--out-dir', tmp_path / 'out', *model, '--formats', 'all') == 130
    printed = capsys.readouterr()
    assert 'Continue with --resume' in printed.err and '1 images parsed' in printed.out
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text())['images'] >= 1
    assert not list((tmp_path / 'out').rglob('.unfinished*'))


def test_an_output_folder_that_cannot_be(run, photos, tmp_path, capsys):
    model = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--device', 'cpu')
    for folder in (tmp_path / 'model.pth', '/proc/results'):
        assert run(photos, '--out-dir', folder, *model) == 2
        printed = capsys.readouterr()
        assert 'another out_dir' in printed.err and 'parsed' not in printed.out


def test_mistakes_are_explained(run, photos, tmp_path, capsys, monkeypatch):
    out = ('--out-dir', tmp_path / 'out')
    (tmp_path / 'text.pth').write_text('no checkpoint')
    monkeypatch.setitem(sys.modules, 'onnx', None)  # as where it is not installed
    config = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--cfg-options')
    for arguments, message in (
        (['--weights', tmp_path / 'none.pth'], 'no checkpoint file'),
        (['--weights', tmp_path / 'text.pth'], "text.pth' is no checkpoint that can be read safely"),
        (['--device', 'gpu'], "device='gpu' cannot be used here"),
        ([*config, 'model.colour=3'], "unexpected keyword argument 'colour'"),
        ([*config, 'model'], 'takes KEY=VALUE'),
        (['--config', 'other.py'], '--config needs --weights'),
        ([*config[:4], '--model', 'synthetic'], '--model and --config exclude each other'),
        (['--model', 'photos-of-cats'], "invalid choice: 'photos-of-cats'"),
        (['--batch-size', '0'], 'must be at least 1'),
        (['--cfg-options', 'a=1'], 'give --config'),
        (['--tile', '100'], 'multiple of 32'),
        (['--overlap', '32'], 'give tile'),
        (['--backend', 'onnxruntime'], 'pip install onnx onnxruntime'),
    ):
        with pytest.raises(SystemExit, match='2'):
            run(photos, *out, *arguments)
        printed = capsys.readouterr().err
        assert message in printed and 'weights_only' not in printed
