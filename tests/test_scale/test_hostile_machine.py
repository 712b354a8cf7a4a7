"""Full disks, folders that are read-only, inputs that vanish and processes that die: said, and nothing is lost."""

import json
import os
import shutil
import signal
import subprocess
import time

import cv2
import pytest
import torch
from bright_spot import bright_spot_config, spot
from kill_server import SECONDS, KillServer
from killed_runs import parse, parse_into_small_files, train

from mmhparse.apis import HumanParsingInferencer, OutputError


@pytest.fixture(scope='module')
def server():
    return KillServer('killed_runs')


@pytest.fixture
def small_disk(tmp_path):
    """Makes a file system of so many KiB, or changes its size; ``ro`` makes it read-only."""
    folder = tmp_path / 'disk'
    folder.mkdir()

    def mount(*options):
        command = ['mount', '-t', 'tmpfs', '-o', ','.join(options), 'tmpfs', str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip('file systems cannot be mounted here')
        return folder

    yield mount
    while os.path.ismount(folder):
        subprocess.run(['umount', str(folder)], check=True)


def write_photos(folder, count=30):
    folder.mkdir()
    for number in range(count):
        cv2.imwrite(str(folder / f'{number:02}.png'), spot((24, 16), (number % 20, 2, number % 20 + 3, 6)))
    return folder


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def assert_whole(out):
    """No half file is there: maps and records can be read."""
    for path in out.rglob('*.json'):
        json.loads(path.read_text())
    for path in (out / 'part_maps').glob('*.png'):
        assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None
    assert not [path for path in out.rglob('*') if path.name.startswith('.unfinished')]


def test_inference_on_a_full_disk(tmp_path, small_disk):
    photos, disk = write_photos(tmp_path / 'photos'), small_disk('size=160k')
    with pytest.raises(OutputError, match=r'takes no more files \(No space left on device\): free space.*--resume'):
        parse(photos, disk / 'out')
    assert_whole(disk / 'out')
    small_disk('remount', 'size=8m')
    parse(photos, disk / 'out')
    parse(photos, tmp_path / 'whole')
    assert content(disk / 'out') == content(tmp_path / 'whole')


def test_training_on_a_full_disk(server, tmp_path, small_disk):
    server.finish(train, tmp_path / 'whole')
    # half of what a whole training takes, in pages of 4 KiB
    pages = sum(-(-path.stat().st_size // 4096) for path in (tmp_path / 'whole').rglob('*') if path.is_file())
    disk = small_disk(f'size={2 * pages}k')
    (run,) = server.start(train, disk / 'run')
    run.join(SECONDS)
    assert run.exitcode == 1
    small_disk('remount', 'size=8m')
    server.finish(train, disk / 'run')
    weights, others = (
        torch.load(folder / 'weights.pth', weights_only=True) for folder in (disk / 'run', tmp_path / 'whole')
    )
    assert all(torch.equal(value, others[name]) for name, value in weights.items())


def test_inference_into_a_read_only_folder(tmp_path, small_disk):
    photos, disk = write_photos(tmp_path / 'photos', 2), small_disk('ro')
    with pytest.raises(OutputError, match=r'takes no more files \(Read-only file system\)'):
        parse(photos, disk / 'out')


def test_files_that_may_not_grow(server, tmp_path):
    """Of every file that was refused, nothing is left."""
    photos = write_photos(tmp_path / 'photos', 3)
    (run,) = server.start(parse_into_small_files, photos, tmp_path / 'out')
    run.join(SECONDS)
    assert run.exitcode == 7
    assert_whole(tmp_path / 'out')
    parse(photos, tmp_path / 'out')
    parse(photos, tmp_path / 'whole')
    assert content(tmp_path / 'out') == content(tmp_path / 'whole')


def test_photos_that_vanish_are_reported_and_the_others_are_parsed(tmp_path):
    photos = write_photos(tmp_path / 'photos')
    infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    found = {}
    for item in infer.stream([*sorted(photos.iterdir()), str(photos)], out_dir=tmp_path / 'out'):
        found.setdefault(item.status, []).append(item)
        if len(found.get('parsed', [])) == 5 and photos.is_dir():
            shutil.rmtree(photos)
    failed = found.pop('failed')
    assert sum(map(len, found.values())) + len(failed) >= 30 and 5 <= sum(map(len, found.values())) < 30
    assert all(str(photos) in item.failure.source and item.failure.reason for item in failed)
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text())['images'] == sum(map(len, found.values()))


def test_a_rank_that_is_killed_ends_the_other(server, tmp_path):
    """The other process ends by itself, with an error; then both resume."""
    runs = server.start(train, tmp_path / 'run', processes=2)
    steps = tmp_path / 'run' / 'losses_1.jsonl'
    while runs[1].is_alive() and not (steps.is_file() and steps.read_text().count('\n') > 4):
        time.sleep(0.001)
    os.kill(runs[1].pid, signal.SIGKILL)
    for run in runs:
        run.join(SECONDS)
    assert runs[1].exitcode == -signal.SIGKILL
    assert runs[0].exitcode not in (None, 0)
    server.finish(train, tmp_path / 'run', processes=2)
    server.finish(train, tmp_path / 'whole', processes=2)
    weights, others = (torch.load(tmp_path / name / 'weights.pth', weights_only=True) for name in ('run', 'whole'))
    assert all(torch.equal(value, others[name]) for name, value in weights.items())
