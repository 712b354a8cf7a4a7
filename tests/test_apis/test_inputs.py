"""Whatever is given becomes named images, in order, without holding more than a few of them."""

import http.server
import threading

import cv2
import numpy as np
import pytest
from bright_spot import spot
from PIL import Image

from mmhparse.apis.background import in_background
from mmhparse.apis.fetching import fetch
from mmhparse.apis.inputs import count_inputs, name_inputs


def names(inputs):
    return [item.name if item.failure is None else f'! {item.failure.source}' for item in name_inputs(inputs)]


@pytest.fixture
def tree(tmp_path):
    for name in ('b.png', 'a/x.JPG', 'a/b.png', 'a/b.jpg', 'a/clip.mp4', '.hidden/c.png', 'a/.d.png', 'note.txt'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'x')
    return tmp_path


def test_folders_mirror_their_tree(tree):
    assert names(tree) == ['b', 'a/b', 'a/b_2', 'a/clip', 'a/x']
    assert count_inputs(tree) is None and count_inputs([str(tree / 'b.png'), 'c.png']) == 2
    (tree / 'a' / 'clip.mp4').unlink()
    assert count_inputs(tree) == 4


def test_patterns(tree):
    assert names(str(tree / '*.png')) == ['b']
    assert names(str(tree / '**' / 'b.*')) == ['a/b', 'a/b_2', 'b']
    with pytest.raises(ValueError, match='Pattern .* holds no image files'):
        names(str(tree / '*.gif'))
    strange = tree / 'is[1].png'
    strange.write_bytes(b'x')
    assert names(str(strange)) == ['is[1]']


def test_names_stay_names():
    assert names(['https://x.org/..%2F..%2Fetc%2Fpass%3Awd.png?q=1', '../../up.png', 'a\\b\x01.png']) == [
        'pass_wd', 'up', 'a_b_',
    ]  # fmt: skip
    assert names([spot(), Image.new('L', (3, 3)), 0, b'x']) == [
        'image_000000',
        'image_000001',
        'camera_0',
        'image_000003',
    ]
    assert names([None, '']) == ['! NoneType', '! ']


def test_generators_are_read_as_they_are_used(infer):
    made = []

    def images():
        for index in range(100):
            made.append(index)
            yield spot()

    stream = infer.stream(images())
    assert next(stream).prediction['name'] == 'image_000000'
    assert len(made) < 20
    stream.close()
    assert len(made) < 20 and threading.active_count() < 10


def test_pil_images_are_upright(infer):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(spot())
    image.getexif()[0x0112] = 6
    (prediction,) = infer(image)['predictions']
    assert (prediction['width'], prediction['height']) == (30, 40)
    assert infer(Image.fromarray(spot()).convert('L'))['predictions'][0]['parts'][0]['area'] == 32


def test_stages_keep_order_pass_errors_and_stop():
    def numbers():
        yield from range(50)
        raise KeyError('spent')

    got = []
    with pytest.raises(KeyError, match='spent'):
        for number in in_background(map(str, in_background(numbers()))):
            got.append(number)
    assert got == [str(number) for number in range(50)]
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    stages = in_background(map(int, in_background(endless())))
    assert next(stages) == 1
    stages.close()
    assert closed.wait(5)


def video(path, frames=10):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5, (64, 48))
    for index in range(frames):
        writer.write(spot((64, 48), (4 + 2 * index, 10, 24 + 2 * index, 30)))
    writer.release()
    return path


def test_videos(infer, tmp_path):
    path = video(tmp_path / 'clip.avi')
    out = infer(path, batch_size=3, out_dir=tmp_path / 'out')
    assert [prediction['name'] for prediction in out['predictions']] == [f'clip/{index:06d}' for index in range(10)]
    assert out['predictions'][3]['video'] == {'name': 'clip', 'frame': 3, 'seconds': pytest.approx(0.6)}
    assert {person['id'] for prediction in out['predictions'] for person in prediction['people']} == {1}
    annotated = cv2.VideoCapture(str(tmp_path / 'out' / 'videos' / 'clip.mp4'))
    assert annotated.get(cv2.CAP_PROP_FRAME_COUNT) == 10 and annotated.get(cv2.CAP_PROP_FPS) == 5
    (item,) = infer.stream([path], out_dir=tmp_path / 'out', resume=True)
    assert (item.status, item.clip.name, item.clip.path, item.num_images) == ('skipped', 'clip', str(path), 10)
    (tmp_path / 'out' / 'part_maps' / 'clip' / '000004.png').unlink()
    assert len(infer(path, out_dir=tmp_path / 'out', resume=True)['predictions']) == 10


def test_a_video_of_no_bytes_is_told(infer, tmp_path):
    (tmp_path / 'clip.mp4').touch()
    with pytest.raises(OSError, match=r"clip\.mp4' is an empty file"):
        infer(tmp_path / 'clip.mp4')


def test_a_video_that_ends_in_the_middle_of_a_frame(infer, tmp_path):
    path = video(tmp_path / 'clip.avi', frames=40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    results = list(infer.stream([path, spot()], out_dir=tmp_path / 'out'))
    (failure,) = [item.failure for item in results if item.status == 'failed']
    assert 'ends after' in failure.reason or 'cannot be opened' in failure.reason
    assert results[-1].prediction['name'] == 'image_000001'
    assert not (tmp_path / 'out' / 'predictions' / 'clip.json').exists()
    assert not list((tmp_path / 'out').rglob('.unfinished*'))


def test_huge_images_are_refused_or_parsed(infer, tmp_path, monkeypatch):
    path = tmp_path / 'large.png'
    Image.fromarray(np.zeros((300, 400), np.uint8)).save(path)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 1000)
    with pytest.raises(ValueError, match='too large'):
        infer(path)


@pytest.fixture(scope='module')
def server():
    image = cv2.imencode('.png', spot())[1].tobytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802  (the name that http.server calls)
            if 'missing' in self.path:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(image if 'spot' in self.path else b'0' * 3000)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


def test_addresses(infer, server):
    out = infer([f'{server}/a/spot.png', f'{server}/missing.png', f'{server}/text.png'])
    assert [prediction['name'] for prediction in out['predictions']] == ['spot']
    assert ['404' in out['failures'][0].reason, 'not an image' in out['failures'][1].reason] == [True, True]


def test_fetches_have_limits(server):
    assert len(fetch(f'{server}/x')) == 3000
    with pytest.raises(OSError, match='beyond the limit'):
        fetch(f'{server}/x', max_bytes=1000)
    with pytest.raises(OSError, match='longer than'):
        fetch_slowly()
    with pytest.raises(OSError, match='cannot be fetched'):
        fetch('http://127.0.0.1:9/nothing')


def fetch_slowly():
    """A server that sends a byte now and then."""
    import socket

    listener = socket.create_server(('127.0.0.1', 0))

    def drip():
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.sendall(b'HTTP/1.0 200 OK\r\n\r\n')
        try:
            for _ in range(50):
                connection.sendall(b'x')
                threading.Event().wait(0.05)
        except OSError:
            pass
        connection.close()

    threading.Thread(target=drip, daemon=True).start()
    fetch(f'http://127.0.0.1:{listener.getsockname()[1]}/', max_seconds=0.4)
