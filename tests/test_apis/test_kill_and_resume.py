"""A run that is killed and resumed leaves what an uninterrupted one leaves, to the byte.

``MMHPARSE_KILLS=20`` kills twenty times; two suffice for every day.
"""

import os
import random
import signal
import subprocess
import sys
import time

import cv2

from mmhparse.testing import synthetic_scene

KILLS = int(os.environ.get('MMHPARSE_KILLS', 2))


def command(root, photos, out):
    tool = root / 'tools' / 'infer.py'
    return [
        sys.executable,
        str(tool),
        str(photos),
        '--out-dir',
        str(out),
        '--formats',
        'all',
        '--resume',
        '--device',
        'cpu',
    ]


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def test_kill_and_resume(repo_root, tmp_path):
    photos = tmp_path / 'photos'
    photos.mkdir()
    scenes = [synthetic_scene(7_100_000 + index).image[..., ::-1] for index in range(12)]
    for index, scene in enumerate(scenes):
        cv2.imwrite(str(photos / f'{index:02}.png'), scene)
    video = cv2.VideoWriter(str(photos / 'clip.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 5, scenes[0].shape[1::-1])
    for _ in range(8):
        video.write(scenes[0])
    video.release()
    environment = os.environ | {'PYTHONPATH': str(repo_root), 'OMP_NUM_THREADS': '1'}

    def start(out):
        return subprocess.Popen(
            command(repo_root, photos, out), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    assert start(tmp_path / 'whole').wait(120) == 0
    rng = random.Random(0)
    for _ in range(KILLS):
        out = tmp_path / 'killed'
        done = len(list(out.rglob('predictions/**/*.json')))
        run, wanted = start(out), done + rng.randint(1, max(1, 20 // KILLS))
        while run.poll() is None and len(list(out.rglob('predictions/**/*.json'))) < wanted:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        run.send_signal(signal.SIGKILL)
        run.wait(60)
    assert start(out).wait(120) == 0
    assert content(out) == content(tmp_path / 'whole')
