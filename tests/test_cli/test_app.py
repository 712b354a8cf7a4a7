"""mmhparse app: what a visitor does, by Gradio's own client, and what the next visitor does not see."""

import builtins
import gc
import socket
import tempfile
from pathlib import Path

import cv2
import pytest
from bright_spot import bright_spot_config, spot

from mmhparse.apis import HumanParsingInferencer
from mmhparse.cli import app
from mmhparse.cli.parsed_photo import GROUNDS


def test_without_gradio_the_command_says_what_to_install(monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == 'gradio':
            raise ModuleNotFoundError("No module named 'gradio'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, '__import__', without)
    assert app.main([]) == 2
    assert 'pip install "mmhparse[app]"' in capsys.readouterr().err


@pytest.mark.parametrize('option', ['--most-megabytes', '--most-megapixels'])
@pytest.mark.parametrize('value', ['0', '-1', 'nan', 'inf', '1e305', '1e-9'])
def test_limits_must_be_positive(capsys, option, value):
    with pytest.raises(SystemExit, match='2'):
        app.main([f'{option}={value}'])
    assert 'must be positive' in capsys.readouterr().err


@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # gradio's socket of the taken port
def test_addresses_that_cannot_be_used_are_mistakes_of_the_command(capsys):
    for port in (0, 65536):
        with pytest.raises(SystemExit, match='2'):
            app.main(['--port', str(port)])
        assert f'from 1 to 65535, got {port}' in capsys.readouterr().err
    pytest.importorskip('gradio', reason='gradio is not installed: pip install "mmhparse[app]"')
    assert app.main(['--device', 'nonsense']) == 2
    assert "error: device='nonsense' cannot be used here" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert app.main(['--device', 'cpu', '--model', 'synthetic', '--port', port]) == 2
    assert port in capsys.readouterr().err


@pytest.fixture
def address(monkeypatch):
    """Serves the page with a parser of which the answer is known, and one that predicts fields."""
    pytest.importorskip('gradio', reason='gradio is not installed: pip install "mmhparse[app]"')
    from mmhparse.cli import app_page

    with pytest.warns(UserWarning, match='No weights were given'):
        infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    real = HumanParsingInferencer('synthetic', device='cpu', show_progress=False)
    infers = {'photos-14-parts': infer, 'synthetic': real}
    monkeypatch.setattr(app_page, 'HumanParsingInferencer', lambda name, **options: infers[name])
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    page = app_page.build_page('photos-14-parts', 'cpu', 10_000)
    app_page.serve_page(page, server_port=port, prevent_thread_lock=True, quiet=True, max_file_size=2**20)
    yield f'http://127.0.0.1:{port}'
    page.close()


@pytest.fixture
def visitor(address):
    client = pytest.importorskip('gradio_client')
    return lambda: client.Client(address, verbose=False)


LAYERS = ['parts']


def upload(path):
    from gradio_client import handle_file

    return handle_file(str(path))


def test_a_visitor_parses_and_the_next_one_sees_nothing_of_it(visitor, tmp_path, monkeypatch):
    from mmhparse.cli import app_page

    folders = []

    def recorded(**options):
        folder = tempfile.TemporaryDirectory(**options)
        folders.append(Path(folder.name))
        return folder

    monkeypatch.setattr(app_page, 'TemporaryDirectory', recorded)
    cv2.imwrite(str(tmp_path / 'one.png'), spot((40, 24), (5, 3, 9, 7)))
    first, second = visitor(), visitor()
    picture, text, people, parts, archive = first.predict(
        upload(tmp_path / 'one.png'), 'photos-14-parts', LAYERS, 'photo', api_name='/parse'
    )
    assert text.startswith('1 person found')
    assert people['value']['data'] == [[1, 0.5, 1, 1, 16]] and parts['value']['data'] == [[1, 'head', 0.25, 16]]
    assert Path(archive['value'] if isinstance(archive, dict) else archive).suffix == '.zip'
    # other layers of one's own photo; the state of the second visitor is empty
    assert first.predict([], 'photo', api_name='/redraw') is not None
    assert second.predict([], 'photo', api_name='/redraw') is None
    # the archive is deleted with the photo
    assert [folder.is_dir() for folder in folders] == [True]
    first.predict(None, 'photos-14-parts', LAYERS, 'photo', api_name='/parse')
    gc.collect()
    assert [folder.is_dir() for folder in folders] == [False]


def test_a_photo_beyond_the_limit_is_refused_with_its_size(visitor, tmp_path):
    cv2.imwrite(str(tmp_path / 'large.png'), spot((200, 100), (5, 3, 9, 7)))
    with pytest.raises(Exception, match='200 x 100 = 20,000 pixels'):
        visitor().predict(upload(tmp_path / 'large.png'), 'photos-14-parts', LAYERS, 'photo', api_name='/parse')


def test_fields_are_drawn_where_the_model_predicts_them(visitor, tmp_path):
    cv2.imwrite(str(tmp_path / 'one.png'), spot((40, 24), (5, 3, 9, 7)))
    client = visitor()
    pictures = set()
    for ground in GROUNDS:
        parsed = client.predict(upload(tmp_path / 'one.png'), 'synthetic', [], ground, api_name='/parse')
        redrawn = client.predict([], ground, api_name='/redraw')
        assert Path(parsed[0]['value']).read_bytes() == Path(redrawn).read_bytes()
        pictures.add(Path(redrawn).read_bytes())
    assert len(pictures) == len(GROUNDS)
    client.predict(upload(tmp_path / 'one.png'), 'photos-14-parts', [], 'photo', api_name='/parse')
    with pytest.raises(Exception, match='This model predicts no fields'):
        client.predict([], 'limb fields', api_name='/redraw')
