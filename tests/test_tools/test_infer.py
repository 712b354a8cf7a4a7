"""tools/infer.py: writes all that can be parsed, and tells by its exit code whether anything could not."""

import importlib.util
import sys

import cv2
import pytest
import torch
from bright_spot import bright_spot_config, spot


@pytest.fixture
def run(repo_root, tmp_path, monkeypatch):
    """Calls the command's main function with arguments, as the shell would."""
    spec = importlib.util.spec_from_file_location('infer_command', repo_root / 'tools' / 'infer.py')
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    monkeypatch.setattr(command, 'DEMO_DIR', tmp_path / 'no_demo')
    monkeypatch.setattr(command, 'DEMO_CONFIG', tmp_path / 'config.py')
    bright_spot_config().dump(tmp_path / 'config.py')
    torch.save({'state_dict': {'threshold': torch.tensor(200.0)}}, tmp_path / 'model.pth')

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', ['infer.py', *map(str, arguments)])
        return command.main()

    return call


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name in ('one.png', 'two.png'):
        cv2.imwrite(str(folder / name), spot())
    return folder


def test_all_good(run, photos, tmp_path, capsys):
    model = ('--config', tmp_path / 'config.py', '--weights', tmp_path / 'model.pth', '--device', 'cpu')
    assert run(photos, '--out-dir', tmp_path / 'out', *model, '--no-pictures') == 0
    assert '2 images parsed, 2 people found' in capsys.readouterr().out
    assert sorted(file.name for file in (tmp_path / 'out').glob('*/*')) == sorted(
        ['one.png', 'two.png', 'one.png', 'two.png', 'one.json', 'two.json']
    )


def test_one_bad_file(run, photos, tmp_path, capsys):
    (photos / 'broken.jpg').write_bytes(b'no image')
    model = ('--weights', tmp_path / 'model.pth', '--device', 'cpu')
    assert run(photos, tmp_path / 'missing.jpg', '--out-dir', tmp_path / 'out', *model, '--batch-size', 2) == 1
    printed = capsys.readouterr().out
    assert '2 images parsed' in printed
    assert 'broken.jpg' in printed and 'missing.jpg' in printed
    assert sorted(file.name for file in (tmp_path / 'out' / 'pictures').iterdir()) == ['one.jpg', 'two.jpg']


def test_one_demo_trained_is_the_default(run, photos, tmp_path):
    (tmp_path / 'no_demo').mkdir()
    (tmp_path / 'no_demo' / 'last_checkpoint').write_text(str(tmp_path / 'model.pth'))
    assert run(photos, '--out-dir', tmp_path / 'out', '--device', 'cpu') == 0


def test_mistakes_are_explained(run, photos, tmp_path, capsys):
    out = ('--out-dir', tmp_path / 'out')
    with pytest.raises(SystemExit, match='Run `make demo`'):
        run(photos, *out)
    with pytest.raises(SystemExit, match=r'no checkpoint file.*none\.pth'):
        run(photos, *out, '--weights', tmp_path / 'none.pth')
    with pytest.raises(SystemExit, match='2'):
        run(photos, *out, '--config', 'other.py')
    assert '--config needs --weights' in capsys.readouterr().err
