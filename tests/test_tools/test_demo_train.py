"""The demo of training: its own pieces, and the whole with two steps; `make demo-train` is the test at full length."""

import json
from types import SimpleNamespace

import cv2
import pytest
from mmengine.config import Config
from rich.console import Console

from mmhparse.testing import synthetic_scene


@pytest.fixture
def demo(load_tool):
    return load_tool('demo_train.py')


def test_the_table_begins_with_what_parsers_are_compared_by(demo):
    console = Console(record=True, width=60)
    console.print(demo.metrics_table({'pixel_accuracy': 0.5, 'mIoU': None, 'AP_p_50': 0.61234}, num_images=7))
    text = console.export_text()
    assert '7 held-out images' in text
    assert text.index('AP_p_50') < text.index('mIoU') < text.index('pixel_accuracy')
    assert '0.612' in text
    assert 'nan' not in text


def test_held_out_images_are_those_of_the_test_set(demo, tmp_path):
    dataset = dict(seed=123, image_size=(64, 64), num_images=9)
    cfg = Config(dict(work_dir=str(tmp_path), test_dataloader=dict(dataset=dataset)))
    paths = list(demo.draw_held_out(cfg))
    assert len(paths) == demo.HELD_OUT_PICTURES
    assert (cv2.imread(paths[1]) == synthetic_scene(124, (64, 64)).image).all()


def test_images_that_fail_are_told_by_the_exit_code(demo, tmp_path, monkeypatch, capsys):
    failure = SimpleNamespace(source='gone.png', reason='no such file')
    monkeypatch.setattr(demo, 'train_and_evaluate', lambda cfg: {'mIoU': 0.5})
    monkeypatch.setattr(demo, 'find_latest_checkpoint', lambda folder: 'last.pth')
    monkeypatch.setattr(demo, 'HumanParsingInferencer', lambda cfg, weights: lambda *_, **__: {'failures': [failure]})
    monkeypatch.setattr('sys.argv', ['demo_train.py', '--work-dir', str(tmp_path)])
    assert demo.main() == 1
    assert 'gone.png: no such file' in capsys.readouterr().out


def test_two_steps_leave_everything_and_say_little(run_tool, tmp_path, capfd):
    options = ['train_cfg.max_iters=2', 'param_scheduler.total_steps=2', 'default_hooks.logger.interval=1']
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options += [f'{loader}.num_workers=0', f'{loader}.persistent_workers=False']
        options += [f'{loader}.dataset.num_images={8 if loader == "train_dataloader" else 1}']
    with pytest.raises(SystemExit) as ended:
        run_tool('demo_train.py', '--work-dir', tmp_path, '--cfg-options', *options)
    assert ended.value.code == 0
    assert set(json.loads((tmp_path / 'metrics.json').read_text())) >= {
        'AP_p_50',
        'AP_p_vol',
        'PCP_50',
        'mIoU',
        'OKS_AP',
    }
    assert (tmp_path / 'curves.png').is_file()
    assert len(list((tmp_path / 'pictures').iterdir())) == 6
    shown = ''.join(capfd.readouterr())
    (log,) = tmp_path.glob('*/*.log')
    for text in ('System environment', 'model = dict(', 'Iter(train)'):
        assert text in log.read_text()
        assert text not in shown
    assert 'FileClient' not in shown and 'prefix is not set' not in shown
    assert '1 held-out images' in shown and str(tmp_path) in shown.replace('\n', '')
