"""Addresses with user names, passwords and tokens: sent to their server alone, and shown and written nowhere."""

import http.server
import json
import os
import subprocess
import sys
import threading
from functools import partial
from typing import get_args

import cv2
import pytest
import torch
from bright_spot import bright_spot_config, spot

from mmhparse.apis import Format, HumanParsingInferencer
from mmhparse.apis.fetching import fetch
from mmhparse.apis.reading import _open
from mmhparse.apis.stream_item import Clip
from mmhparse.datasets.readers import read_image, read_label_map
from mmhparse.engine.checkpoints import read_checkpoint
from mmhparse.utils.shown_text import file_name_of, without_secrets

ALL = get_args(Format)
PNG = cv2.imencode('.png', spot())[1].tobytes()


@pytest.mark.parametrize(
    ('given', 'shown'),
    [
        ('rtsp://admin:secret@host:554/stream', 'rtsp://***@host:554/stream'),
        ('rtsp://admin:se@cret@host/stream', 'rtsp://***@host/stream'),
        ('https://secret@host/a.png?b=1', 'https://***@host/a.png?b=1'),
        (
            'https://host/a.png?token=secret&b=1&X-Amz-Signature=secret',
            'https://host/a.png?token=***&b=1&X-Amz-Signature=***',
        ),
        ('https://host/a.png?api_key=secret#part', 'https://host/a.png?api_key=***#part'),
        ('https://host/a@b.png', 'https://host/a@b.png'),
        ('photos/a@b?token=1.png', 'photos/a@b?token=1.png'),
        ('s3://bucket/a.png', 's3://bucket/a.png'),
    ],
)
def test_secrets_of_addresses_are_hidden(given, shown):
    assert without_secrets(given) == shown == without_secrets(shown)


def test_names_of_files_and_addresses():
    for path in ('/a/b/model.pth', 'https://host/b/model.pth?token=secret', 'model.pth', 'C:\\a\\model.pth'):
        assert file_name_of(path) == 'model.pth'


@pytest.fixture(scope='module')
def server():
    """Serves an image to user:secret alone; /away leads to another server, which notes what it is told."""
    told = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802  (the name that http.server calls)
            told.append(self.headers.get('Authorization'))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PNG)

        def log_message(self, *arguments):
            pass

    class Handler(Other):
        def do_GET(self):  # noqa: N802
            away = 'away' in self.path
            allowed = self.headers.get('Authorization') == 'Basic dXNlcjpzZWNyZXQ='
            self.send_response(302 if away and allowed else 200 if allowed else 403)
            if away:
                self.send_header('Location', f'http://127.0.0.1:{other.server_port}/photo.png')
            self.end_headers()
            if allowed and not away:
                self.wfile.write(PNG)

    other = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Other)
    handler = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    for each in (other, handler):
        threading.Thread(target=each.serve_forever, daemon=True).start()
    yield f'127.0.0.1:{handler.server_port}', told
    for each in (other, handler):
        each.shutdown()


def test_user_and_password_reach_their_server_alone(server):
    host, told = server
    assert fetch(f'http://user:secret@{host}/photo.png') == PNG
    with pytest.raises(OSError, match='403') as error:
        fetch(f'http://user:wrong@{host}/photo.png')
    assert 'wrong' not in str(error.value)
    assert fetch(f'http://user:secret@{host}/away.png') == PNG and told == [None]


@pytest.mark.parametrize(
    'address',
    ['http://127.0.0.1:9/a b?token=se.cret', 'http://user:se\u2100cret@127.0.0.1:9/a', 'http://u:p:secret@127.0.0.1/a'],
)
def test_pieces_of_secrets_are_not_told_either(address):
    """Some errors repeat a part of the address: its path, or what is in front of the first slash."""
    with pytest.raises(OSError, match='cannot be fetched') as error:
        fetch(address, max_seconds=3)
    assert 'cret' not in everything_shown(error.value)


def test_the_reason_is_told_beside_a_hidden_password():
    with pytest.raises(OSError, match=r"'http://\*\*\*@127.0.0.1:9/a.png' cannot be read: .+ "):
        read_image('http://user:secret@127.0.0.1:9/a.png', exif=False)


@pytest.mark.parametrize('address', ['s3://user:secret@bucket/m.pth', 'http://127.0.0.1:9/a b.pth?token=secret'])
def test_no_password_of_weights_is_told(capsys, address):
    with pytest.raises(ValueError, match='is no checkpoint') as error:
        read_checkpoint(address)
    assert 'secret' not in everything_shown(error.value)


def everything_written(folder):
    return b''.join(path.read_bytes() for path in folder.rglob('*') if path.suffix in ('.json', '.csv', '.html'))


def everything_shown(error):
    """All that a traceback shows."""
    text = ''
    while error is not None:
        text, error = text + str(error), error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


def test_no_file_holds_a_password(infer, server, tmp_path):
    host, _ = server
    inputs = [
        f'http://user:secret@{host}/photo.png?token=secret',
        f'http://user:secret2@{host}/wrong.png',
        'rtsp://user:secret@127.0.0.1:9/stream',
        'http://user:secret@127.0.0.1:9/clip.mp4',
        'http://user:secret@127.0.0.1:9/photo.png',
        's3://user:secret@bucket/photo.png',
        'http://user:sec ret@[bad/photo.png',
    ]
    out = infer(inputs, out_dir=tmp_path, formats=ALL)
    (prediction,) = out['predictions']
    assert prediction['img_path'] == f'http://***@{host}/photo.png?token=***' and prediction['name'] == 'photo'
    assert len(out['failures']) == 6 and 'secret' not in str(out['failures']) + str(prediction['img_path'])
    content = everything_written(tmp_path)
    assert b'***@' in content and b'secret' not in content
    (item,) = infer.stream(inputs[:1], out_dir=tmp_path, formats=ALL, resume=True)
    assert item.status == 'skipped'
    for address in inputs[1:]:
        with pytest.raises((OSError, ValueError)) as error:
            infer(address)
        text = everything_shown(error.value)
        assert 'secret' not in text and 'sec ret' not in text


@pytest.mark.parametrize(
    'address',
    ['http://user:secret@127.0.0.1:9/a.png', 'http://user:secret@127.0.0.1/a.png', 'http://127.0.0.1:9/a?token=secret']
    + ['s3://user:secret@bucket/a.png', 'http://user:secret@[bad/a.png'],
)
@pytest.mark.parametrize('read', [partial(read_image, exif=False), read_label_map])
def test_readers_of_data_sets_show_no_password(read, address):
    with pytest.raises((OSError, ValueError)) as error:
        read(address)
    assert 'secret' not in everything_shown(error.value) and '***' in str(error.value)


def test_the_terminal_shows_no_password(repo_root, tmp_path):
    environment = os.environ | {'PYTHONPATH': str(repo_root), 'OMP_NUM_THREADS': '1'}
    addresses = ['rtsp://user:secret@127.0.0.1:9/stream', 'http://user:secret@127.0.0.1:9/clip.mp4?token=secret']
    command = [sys.executable, str(repo_root / 'tools' / 'infer.py'), *addresses, '--out-dir', str(tmp_path)]
    done = subprocess.run([*command, '--device', 'cpu'], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1 and 'rtsp://***@127.0.0.1:9/stream' in done.stdout
    assert 'secret' not in done.stdout + done.stderr + everything_written(tmp_path).decode()


@pytest.mark.parametrize(
    ('address', 'chosen'), [('rtsp://user:secret@host/a', (cv2.CAP_FFMPEG,)), ('rtsp://host/a', ()), ('a.mp4', ())]
)
def test_other_backends_of_opencv_get_no_password(monkeypatch, address, chosen):
    """They print what they cannot open; which of them do depends on the version."""
    opened = []
    monkeypatch.setattr(cv2, 'VideoCapture', lambda *arguments: opened.append(arguments))
    monkeypatch.setattr(cv2.videoio_registry, 'hasBackend', lambda backend: True)
    _open(Clip('a', address))
    assert opened == [(address, *chosen)]


def test_addresses_of_weights_leave_no_token_in_the_settings(tmp_path, monkeypatch):
    from mmhparse.apis import building

    state = {'threshold': torch.tensor(200.0)}
    monkeypatch.setattr(building, 'read_checkpoint', lambda path: {'state_dict': state})
    infer = HumanParsingInferencer(
        bright_spot_config(), 'https://user:secret@host/model.pth?token=secret', device='cpu'
    )
    infer(spot(), out_dir=tmp_path)
    assert json.loads((tmp_path / 'settings.json').read_text())['weights'] == 'model.pth'
