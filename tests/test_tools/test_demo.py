"""The demo's own pieces; `make demo` is the test of the whole."""

from types import SimpleNamespace

import cv2
import pytest
from mmengine.config import Config
from rich.console import Console

from mmhparse.testing import synthetic_scene


@pytest.fixture
def demo(load_tool):
    return load_tool('demo.py')


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


def test_photos_that_fail_are_told_by_the_exit_code(demo, tmp_path, monkeypatch, capsys):
    failure = SimpleNamespace(source='gone.jpg', reason='no such file')
    seen = []

    def infer(inputs, out_dir):
        seen.extend(inputs)
        return {'failures': [failure]}

    monkeypatch.setattr(demo, 'train_and_evaluate', lambda cfg: {'mIoU': 0.5})
    monkeypatch.setattr(demo, 'find_latest_checkpoint', lambda folder: 'last.pth')
    monkeypatch.setattr(demo, 'HumanParsingInferencer', lambda cfg, weights: infer)
    monkeypatch.setattr('sys.argv', ['demo.py', 'gone.jpg', '--work-dir', str(tmp_path)])
    assert demo.main() == 1
    assert seen[-1] == 'gone.jpg'
    assert len(seen) == demo.HELD_OUT_PICTURES + 1
    assert 'gone.jpg: no such file' in capsys.readouterr().out
