"""The first command: photos parsed, and a page that shows them."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def demo(load_tool):
    return load_tool('demo.py')


def test_sample_photos_are_credited(demo, repo_root):
    """Their licence asks for it."""
    credits = (repo_root / 'demo' / 'README.md').read_text()
    photos = sorted(demo.SAMPLES.glob('*.jpg'))
    assert len(photos) == 6
    assert all(f'`{photo.name}`' in credits for photo in photos)
    assert 'CC BY 2.0' in credits


def test_a_page_shows_all_photos(run_tool, tmp_path, monkeypatch, repo_root, capsys):
    mine = tmp_path / 'mine.png'
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(mine)
    with pytest.raises(SystemExit) as ended:
        run_tool('demo.py', mine, '--out-dir', tmp_path / 'out', '--model', 'synthetic')
    assert ended.value.code == 0
    page = (tmp_path / 'out' / 'index.html').read_text()
    for name in ('mine', 'ball_game', 'baseball', 'ceremony', 'dinner', 'street', 'tennis'):
        assert f'alt="{name}"' in page
        assert (tmp_path / 'out' / 'pictures' / f'{name}.jpg').is_file()
    shown = capsys.readouterr().out
    assert f'Pictures: {tmp_path / "out" / "index.html"}' in shown
    assert 'System environment' not in shown


def test_photos_that_fail_are_told_by_the_exit_code(demo, tmp_path, monkeypatch, capsys):
    failure = SimpleNamespace(source='gone.jpg', reason='no such file')
    seen = []

    def infer(inputs, **options):
        seen.extend(inputs)
        return {'predictions': [dict(name='one', people=[1, 2], parts=[])], 'failures': [failure]}

    monkeypatch.setattr(demo, 'HumanParsingInferencer', lambda model: infer)
    monkeypatch.setattr('sys.argv', ['demo.py', 'gone.jpg', '--out-dir', str(tmp_path)])
    assert demo.main() == 1
    assert seen[0] == 'gone.jpg' and len(seen) == 7
    assert 'gone.jpg: no such file' in capsys.readouterr().out
