"""tools/dist_infer.sh: two processes leave what one leaves, also where one of them is killed on the way.

The commands of docs/en/user_guides/inference.md are those that are run here.
"""

import filecmp
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
from bright_spot import bright_spot_config, spot

PHOTOS = 7


@pytest.fixture
def work(tmp_path, repo_root, monkeypatch):
    """A folder with photos of which two have one name and one is broken, and a parser of which the answer is known."""
    monkeypatch.chdir(tmp_path)
    for number in range(PHOTOS):
        path = tmp_path / 'photos' / f'{"ab"[number % 2]}' / f'{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), spot((40, 24), (3 + number, 2, 9 + number, 8)))
    (tmp_path / 'photos' / 'a' / 'broken.jpg').write_bytes(b'no image')
    cv2.imwrite(str(tmp_path / '0.png'), spot((40, 24), (20, 10, 25, 15)))
    cv2.imwrite(str(tmp_path / 'photos' / '0.png'), spot((40, 24), (1, 1, 5, 5)))
    config = bright_spot_config()
    config.custom_imports = dict(imports=['bright_spot'])
    config.dump(tmp_path / 'config.py')
    torch.save({'state_dict': {'threshold': torch.tensor(200.0)}}, tmp_path / 'model.pth')
    (tmp_path / 'tools').symlink_to(repo_root / 'tools')
    return tmp_path


@pytest.fixture
def shell(repo_root, work):
    """Runs a command in that folder, and returns its exit code."""

    def call(command, **environment):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = str(probe.getsockname()[1])
        paths = [str(Path(sys.executable).parent), str(work), os.environ['PATH']]
        shared = {'PATH': os.pathsep.join(paths), 'PORT': port, 'CUDA_VISIBLE_DEVICES': ''}
        shared['PYTHONPATH'] = f'{work}{os.pathsep}{repo_root}{os.pathsep}{repo_root / "tests"}'
        done = subprocess.run(
            command, shell=True, env=os.environ | shared | environment, capture_output=True, text=True, timeout=600
        )
        return done.returncode, done.stdout + done.stderr

    return call


MODEL = '--config config.py --weights model.pth --device cpu --formats all'


def files_of(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob('*') if path.is_file())


def assert_same(one, two):
    assert files_of(one) == files_of(two)
    _, different, errors = filecmp.cmpfiles(one, two, files_of(one), shallow=False)
    assert (different, errors) == ([], [])


def test_two_processes_leave_what_one_leaves(shell, work, repo_root):
    code, printed = shell(f'python tools/infer.py photos/ 0.png --out-dir one {MODEL}')
    assert code == 1, printed  # one input is broken
    page = (repo_root / 'docs' / 'en' / 'user_guides' / 'inference.md').read_text()
    command = re.search(r'^bash tools/dist_infer.sh 2 photos/ --out-dir results', page, re.MULTILINE)[0]
    command = command.replace('photos/', 'photos/ 0.png')
    code, printed = shell(f'{command} {MODEL}')
    assert code == 1, printed
    assert_same(work / 'one', work / 'results')
    counts = re.findall(r'process (\d): (\d) images parsed', printed)
    assert sorted(counts) == [('0', '5'), ('1', '4')]
    assert (work / 'results' / 'predictions' / '0_2.json').is_file()
    code, printed = shell(f'{command} {MODEL} --resume')
    assert len(re.findall('0 images parsed.* [45] inputs were done before', printed)) == 2
    assert_same(work / 'one', work / 'results')


KILLED = """
import os, signal, time
from pathlib import Path
from bright_spot import BrightSpotParser

real = BrightSpotParser.forward

def forward(self, inputs, *arguments, **options):
    '''The second process dies in the midst of its third photo, when its first one is written, once.'''
    forward.calls += 1
    if os.environ['RANK'] == '1' and os.environ['TORCHELASTIC_RESTART_COUNT'] == '0' and forward.calls == 3:
        while not Path('results/predictions/a/0.json').is_file():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, inputs, *arguments, **options)

forward.calls = 0
BrightSpotParser.forward = forward
"""


def test_a_killed_process_loses_only_what_it_held(shell, work):
    (work / 'killed.py').write_text(KILLED)
    shell(f'python tools/infer.py photos/ 0.png --out-dir one {MODEL}')
    config = (work / 'config.py').read_text()
    (work / 'config.py').write_text(config.replace("'bright_spot'", "'bright_spot', 'killed'"))
    code, printed = shell(f'bash tools/dist_infer.sh 2 photos/ 0.png --out-dir results {MODEL}')
    assert code == 1, printed
    assert str(-signal.SIGKILL) in printed or 'SIGKILL' in printed or 'Signal 9' in printed
    done_before = re.findall(r'process 1: \d images parsed.*?(\d) inputs were done before', printed)
    assert done_before and int(done_before[-1]) >= 1
    assert_same(work / 'one', work / 'results')
    assert json.loads((work / 'results' / 'summary.json').read_text())['images'] == PHOTOS + 2


def test_mistakes_end_it_with_their_message(shell, work):
    code, printed = shell(f'python tools/infer.py photos/ --out-dir out --launcher pytorch {MODEL}')
    assert code == 2 and '--launcher pytorch expects RANK' in printed


def test_srun_is_asked_for_the_gpus_and_the_tool(shell, work):
    srun = work / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    code, printed = shell('bash tools/slurm_infer.sh gpus job photos/ --out-dir results', GPUS='16', GPUS_PER_NODE='4')
    asked = printed.splitlines()
    assert code == 0 and {'--partition=gpus', '--ntasks=16', '--gres=gpu:4', '--kill-on-bad-exit=0'} <= set(asked)
    assert (
        asked[-7:] == ['python', '-u', 'tools/infer.py', 'photos/', '--out-dir', 'results', '--launcher', 'slurm'][-7:]
    )
