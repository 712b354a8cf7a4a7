"""Two processes with gloo on the CPU do what one process does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name('two_processes.py')


def run(repo_root, processes, *arguments):
    """Runs the script as that many processes, rendezvous on a free port."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    shared = os.environ | {'PYTHONPATH': str(repo_root), 'OMP_NUM_THREADS': '1'}
    if processes > 1:
        shared |= {'WORLD_SIZE': str(processes), 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': str(port)}
    running = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), *map(str, arguments)],
            env=shared | ({'RANK': str(rank), 'LOCAL_RANK': str(rank)} if processes > 1 else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(processes)
    ]
    for process in running:
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output[-4000:]


@pytest.fixture(scope='module')
def trained(repo_root, tmp_path_factory):
    """Work folders of a training in one process and in two."""
    folders = {processes: tmp_path_factory.mktemp(f'train_{processes}') for processes in (1, 2)}
    for processes, folder in folders.items():
        run(repo_root, processes, folder, 'train')
    return folders


def losses_of(folder, rank):
    return json.loads((folder / f'losses_{rank}.json').read_text())


def test_losses_are_those_of_one_process_with_the_doubled_batch(trained):
    one = losses_of(trained[1], 0)
    both = [losses_of(trained[2], rank) for rank in range(2)]
    assert len(one) == 3
    for step, *shares in zip(one, *both, strict=True):
        assert sorted(shares[0].pop('ids') + shares[1].pop('ids')) == sorted(step.pop('ids'))
        assert {'loss_grouping_links', 'loss_grouping_pixels', 'loss_part_lovasz', 'loss_joint_heatmap'} <= step.keys()
        for name, value in step.items():
            if not name.startswith('loss'):
                continue
            assert sum(share[name] for share in shares) / 2 == pytest.approx(value, rel=1e-5, abs=1e-5), name


def test_weights_are_those_of_one_process_with_the_doubled_batch(trained):
    one, two = (torch.load(trained[processes] / 'weights.pth', weights_only=True) for processes in (1, 2))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-5, atol=1e-5)


def test_weights_split_over_the_processes_train_alike(repo_root, trained, tmp_path):
    """FSDP gives the same losses as whole copies of the weights."""
    weights = ('--checkpoint', trained[1] / 'weights.pth')
    run(repo_root, 2, tmp_path / 'whole', 'train', *weights)
    run(repo_root, 2, tmp_path / 'split', 'train', '--fsdp', *weights)
    for rank in range(2):
        both = losses_of(tmp_path / 'split', rank), losses_of(tmp_path / 'whole', rank)
        for step, expected in zip(*both, strict=True):
            assert step.pop('ids') == expected['ids']
            for name, value in step.items():
                assert value == pytest.approx(expected[name], rel=1e-4), name


def test_evaluation_on_two_processes_equals_one(repo_root, trained, tmp_path):
    """Seven images: one process has an image more than the other."""
    weights = trained[1] / 'weights.pth'
    for processes in (1, 2):
        run(repo_root, processes, tmp_path / str(processes), 'test', '--checkpoint', weights)
    one, two = (json.loads((tmp_path / str(processes) / 'metrics.json').read_text()) for processes in (1, 2))
    assert one == two
    assert one['mIoU'] > 0
