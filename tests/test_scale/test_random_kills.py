"""Trainings and inference that are killed at random moments and resumed end as those that were left alone.

``MMHPARSE_REPEATS=20`` kills 20 times: trainings in one process 10 times, in two processes 5 times, and the parsing of
a folder 5 times. By default each is killed once.
"""

import json
import math
import os
import random
import shutil

import cv2
import numpy as np
import pytest
import torch
from bright_spot import spot
from kill_server import KillServer
from killed_runs import STEPS, parse, train

REPEATS = int(os.environ.get('MMHPARSE_REPEATS', 1))
MOST_TRIES = 20
"""Runs for each kill: one that ends before its kill is compared, too, and does not count."""


@pytest.fixture(scope='module')
def server():
    return KillServer('killed_runs')


def shares(kills: float) -> int:
    """Of 20 kills, as many; of any other number, in proportion, and at least one."""
    return max(1, math.ceil(kills * REPEATS / 20))


def losses_of(folder, rank):
    """Loss by step; a step that was done again has the loss that it had."""
    losses = {}
    for line in (folder / f'losses_{rank}.jsonl').read_text().splitlines():
        step, loss = json.loads(line)
        assert losses.setdefault(step, loss) == loss, f'step {step} was done again with another loss'
    return losses


def assert_same_training(folder, whole, processes):
    for rank in range(processes):
        expected = losses_of(whole, rank)
        assert losses_of(folder, rank) == expected and list(expected) == list(range(STEPS))
    weights, others = (torch.load(path / 'weights.pth', weights_only=True) for path in (folder, whole))
    assert weights.keys() == others.keys()
    for name, value in weights.items():
        assert torch.equal(value, others[name]), name
    assert not [path for path in folder.rglob('*') if path.name.startswith('.unfinished')]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(('processes', 'kills'), [(1, 10), (2, 5)])
def test_killed_trainings(server, tmp_path, processes, kills):
    whole, folder = tmp_path / 'whole', tmp_path / 'killed'
    seconds = server.finish(train, whole, processes=processes)
    rng, killed = random.Random(processes), 0
    for _ in range(MOST_TRIES * shares(kills)):
        if killed == shares(kills):
            break
        if server.kill(rng, seconds, train, folder, processes=processes):
            killed += 1
        else:
            assert_same_training(folder, whole, processes)
            shutil.rmtree(folder)
    assert killed == shares(kills)
    server.finish(train, folder, processes=processes)
    assert_same_training(folder, whole, processes)


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


@pytest.mark.timeout(3600)
def test_killed_inference(server, tmp_path):
    photos, whole, out = tmp_path / 'photos', tmp_path / 'whole', tmp_path / 'killed'
    photos.mkdir()
    for number in range(60):
        left = number % 20
        cv2.imwrite(str(photos / f'{number:03}.png'), spot((24, 16), (left, number // 20, left + 3, number // 20 + 4)))
    seconds = server.finish(parse, photos, whole)
    rng, killed = random.Random(0), 0
    for _ in range(MOST_TRIES * shares(5)):
        if killed == shares(5):
            break
        if server.kill(rng, seconds, parse, photos, out):
            killed += 1
        else:
            assert content(out) == content(whole)
            shutil.rmtree(out)
    assert killed == shares(5)
    server.finish(parse, photos, out)
    assert content(out) == content(whole)
    maps = sorted((out / 'part_maps').iterdir())
    assert len(maps) == 60 and all(np.any(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)) for path in maps)
