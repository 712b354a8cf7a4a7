"""Inputs that are one object, unusual names of files, addresses with passwords: parsed, or refused by themselves."""

import array
import csv
import io
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import cv2
import numpy as np
import pytest
import torch
from bright_spot import spot
from PIL import Image

from mmhparse.apis import name_inputs
from mmhparse.utils.shown_text import printable

ALL = ('part_maps', 'person_maps', 'instance_maps', 'pictures', 'videos', 'coco', 'csv', 'page')
PNG = cv2.imencode('.png', spot())[1].tobytes()


@pytest.fixture
def opened(tmp_path):
    (tmp_path / 'photo.png').write_bytes(PNG)
    with (tmp_path / 'photo.png').open('rb') as file:
        yield file


BUFFERS = {
    'bytes': lambda: PNG,
    'bytearray': lambda: bytearray(PNG),
    'memoryview': lambda: memoryview(PNG),
    'array': lambda: array.array('B', PNG),
    'BytesIO': lambda: io.BytesIO(PNG),
}


@pytest.mark.parametrize('kind', BUFFERS)
def test_one_object_is_one_image(infer, kind):
    (prediction,) = infer(BUFFERS[kind]())['predictions']
    assert (prediction['name'], prediction['img_path'], len(prediction['people'])) == ('image_000000', None, 1)
    out = infer([BUFFERS[kind](), spot(), BUFFERS[kind]()])
    assert [prediction['name'] for prediction in out['predictions']] == [f'image_{index:06d}' for index in range(3)]


def test_open_files(infer, opened):
    (prediction,) = infer(opened)['predictions']
    assert len(prediction['people']) == 1
    # it has been read to its end
    with pytest.raises(ValueError, match='empty'):
        infer(opened)
    opened.close()
    with pytest.raises(ValueError, match='closed file'):
        infer(opened)


WRONG = {
    'tensor': (lambda: torch.zeros(3, 20, 30), r'cannot be a Tensor, as the order of its axes'),
    'text file': (lambda: io.StringIO('text'), r"opened as text; open it for bytes, with mode 'rb'"),
    'dict': (lambda: {'a.png': 1, 'b.png': 2}, r'cannot be a dict'),
    'list in list': (lambda: [spot()], r'cannot be a list'),
    'set in list': (lambda: {'a.png'}, r'cannot be a set'),
    'float': (lambda: 0.5, r'cannot be a float'),
    'bool': (lambda: True, r'cannot be a bool'),
    'long text': (lambda: 'x' * 5000, 'a text of 5000 characters, which is no path'),
    'zero byte': (lambda: 'a\0b.png', 'null'),
}


@pytest.mark.parametrize('kind', WRONG)
def test_objects_that_are_no_images_are_refused_whole(infer, kind):
    make, message = WRONG[kind]
    out = infer([spot(), make(), spot()])
    assert len(out['predictions']) == 2
    (failure,) = out['failures']
    assert re.search(message, failure.reason), failure.reason
    if 'in list' not in kind:
        with pytest.raises((TypeError, ValueError, OSError), match=message):
            infer(make())


def test_numbers_of_numpy_are_cameras():
    assert [item.clip.camera for item in name_inputs([0, np.int64(1), np.uint8(2)])] == [0, 1, 2]


SUFFIXES = ('.avif', '.bmp', '.gif', '.jfif', '.jpe', '.jpeg', '.JPG', '.jp2', '.png', '.ppm', '.tif', '.webp')


def test_every_kind_of_photo_in_a_folder_is_parsed_or_reported(infer, tmp_path):
    image = Image.fromarray(spot((64, 48), (4, 6, 40, 40)))
    formats = {'.jfif': 'JPEG', '.jpe': 'JPEG', '.jp2': 'JPEG2000', '.avif': 'AVIF'}
    for suffix in SUFFIXES:
        image.save(tmp_path / f'photo{suffix}', formats.get(suffix))
    (tmp_path / 'phone.heic').write_bytes(b'\0\0\0\x18ftypheic')
    (tmp_path / 'notes.txt').write_text('no image')
    (tmp_path / 'LICENSE').write_text('no image')
    out = infer(tmp_path)
    assert {Path(prediction['img_path']).suffix for prediction in out['predictions']} == set(SUFFIXES)
    assert all(len(prediction['people']) == 1 for prediction in out['predictions'])
    assert [Path(failure.source).name for failure in out['failures']] == ['phone.heic']


@pytest.mark.parametrize('pattern', ['', '*.png'])
def test_links_without_a_target_are_reported(infer, tmp_path, pattern):
    """Before, such photos were left out without a word."""
    (tmp_path / 'photo.png').write_bytes(PNG)
    (tmp_path / 'moved.png').symlink_to(tmp_path / 'gone' / 'photo.png')
    (tmp_path / 'notes.txt').symlink_to(tmp_path / 'gone' / 'notes.txt')
    out = infer(os.path.join(tmp_path, pattern))
    assert [prediction['name'] for prediction in out['predictions']] == ['photo']
    (failure,) = out['failures']
    assert failure.source.endswith('moved.png') and 'There is no image file' in failure.reason


def test_files_of_other_kinds_are_counted(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr('mmhparse.apis.inputs.print_log', lambda text, *_: lines.append(text))
    for name in ('a.png', 'b.txt', 'c.TXT', 'd', '.hidden.txt'):
        (tmp_path / name).write_bytes(PNG)
    assert [item.name for item in name_inputs(tmp_path)] == ['a']
    assert lines == [f"Folder '{tmp_path}' also holds files that are no images or videos: 1 without suffix, 2 .txt"]


@pytest.mark.parametrize('name', ['trip [2023]', 'what?', 'a*b', '[!x]', '[[]]'])
def test_folders_whose_names_look_like_patterns(infer, tmp_path, name):
    folder = tmp_path / name
    (folder / 'deep').mkdir(parents=True)
    (tmp_path / 'trip 2').mkdir()
    for path in (folder / 'a.png', folder / 'deep' / 'b.png', tmp_path / 'trip 2' / 'c.png'):
        path.write_bytes(PNG)
    for given, names in (
        (folder, ['a', 'deep/b']),
        (f'{folder}/', ['a', 'deep/b']),
        (f'{folder}/*.png', ['a']),
        (f'{folder}/**/*.png', ['a', 'deep/b']),
        (f'{folder}/*/[ab].png', ['deep/b']),
        (f'{folder}/deep/*.png', ['b']),
        ([folder / 'a.png'], ['a']),
    ):
        out = infer(given)
        assert [prediction['name'] for prediction in out['predictions']] == names, given
        assert out['failures'] == []
    # without a folder of that name it is a pattern
    assert [item.name for item in name_inputs(str(tmp_path / 'trip [0-9]' / '*.png'))] == ['trip 2/c']


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets = []

    def handle_starttag(self, tag, attributes):
        self.targets += [value for key, value in attributes if key in ('src', 'href', 'poster')]


@pytest.fixture
def latin(tmp_path):
    """A folder with names in Latin-1, as old archives have them."""
    folder = tmp_path / 'in'
    folder.mkdir()
    for name in (b'caf\xe9.png', b'plain.png'):
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(PNG)
    Path(os.fsdecode(os.path.join(os.fsencode(folder), b'broken\xff.png'))).write_bytes(b'no image')
    writer = cv2.VideoWriter(str(folder / 'clip.avi'), cv2.VideoWriter.fourcc(*'MJPG'), 5, (64, 48))
    for _ in range(3):
        writer.write(spot((64, 48), (4, 10, 24, 30)))
    writer.release()
    inside = Path(os.fsdecode(os.path.join(os.fsencode(folder), b'\xfcber')))
    inside.mkdir()
    (folder / 'clip.avi').rename(inside / os.fsdecode(b'clip\xe9.avi'))
    return folder


def test_names_that_are_no_utf8_lose_nothing(infer, latin, tmp_path):
    out = tmp_path / 'out'
    found = infer(latin, out_dir=out, formats=ALL)
    names = [os.fsdecode(b'caf\xe9'), 'plain'] + [os.fsdecode(b'\xfcber/clip\xe9') + f'/00000{n}' for n in range(3)]
    assert [prediction['name'] for prediction in found['predictions']] == names
    assert [os.fsencode(Path(failure.source).name) for failure in found['failures']] == [b'broken\xff.png']
    for name in names:
        assert (out / f'part_maps/{name}.png').is_file() and (out / f'predictions/{name}.json').is_file()
    video = out / os.fsdecode(b'videos/\xfcber/clip\xe9.mp4')
    assert video.is_file() and video.stat().st_size > 1000
    with (out / 'people.csv').open(encoding='utf-8', newline='') as file:
        assert [row['image'] for row in csv.DictReader(file)] == list(map(printable, names))
    assert printable(names[0]) == r'caf\xe9'
    summary = json.loads((out / 'summary.json').read_bytes())
    assert [image['name'] for image in summary['image_list']] == names and len(summary['failures']) == 1
    assert [image['name'] for image in json.loads((out / 'coco.json').read_bytes())['images']] == names
    links = Links()
    links.feed((out / 'index.html').read_text(encoding='utf-8'))
    targets = [out / os.fsdecode(unquote_to_bytes(target)) for target in links.targets]
    assert len(targets) == 7 and all(target.is_file() for target in targets)
    assert [item.status for item in infer.stream(latin, out_dir=out, formats=ALL, resume=True)] == [
        'failed', 'skipped', 'skipped', 'skipped',
    ]  # fmt: skip


def test_an_output_folder_that_is_no_utf8(infer, latin, tmp_path):
    out = tmp_path / os.fsdecode(b'out\xe9')
    infer(latin, out_dir=out, formats=ALL)
    assert len(list(out.glob('videos/*/*.mp4'))) == 1 and (out / 'index.html').is_file()


def test_the_command_prints_names_that_are_no_utf8(repo_root, latin, tmp_path):
    environment = os.environ | {
        'PYTHONPATH': str(repo_root),
        'OMP_NUM_THREADS': '1',
        'PYTHONIOENCODING': 'utf-8:strict',
    }
    command = [
        sys.executable,
        str(repo_root / 'tools' / 'infer.py'),
        os.fsencode(latin),
        '--out-dir',
        str(tmp_path / 'o'),
    ]
    done = subprocess.run([*command, '--device', 'cpu'], env=environment, capture_output=True, timeout=600)
    assert done.returncode == 1, done.stderr.decode()
    assert r'broken\xff.png' in done.stdout.decode('utf-8')
