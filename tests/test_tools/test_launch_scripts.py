"""tools/dist_*.sh train and test in two processes; tools/slurm_*.sh ask srun for the right thing."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from stand_ins import stand_in_config

from mmhparse.engine import allow_checkpoint_types


@pytest.fixture
def shell(repo_root):
    """Runs a script of tools/ with the arguments, and more environment."""

    def call(script, *arguments, **environment):
        paths = [str(Path(sys.executable).parent), os.environ['PATH']]
        shared = {'PATH': os.pathsep.join(paths), 'PYTHONPATH': f'{repo_root}{os.pathsep}{repo_root / "tests"}'}
        command = ['bash', str(repo_root / 'tools' / script), *map(str, arguments)]
        done = subprocess.run(
            command, env=os.environ | shared | environment, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    return call


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def config(tmp_path):
    """The stand-in's config, complete in a file of its own."""
    cfg = stand_in_config(tmp_path / 'work')
    cfg.custom_imports = dict(imports=['stand_ins'])
    cfg.default_hooks.checkpoint.save_best = 'mIoU'
    cfg.dump(tmp_path / 'config.py')
    return tmp_path / 'config.py'


def saved(path):
    allow_checkpoint_types()
    return torch.load(path, weights_only=True)


two_processes = pytest.mark.skipif(torch.cuda.is_available(), reason='one GPU cannot stand in for two')


@two_processes
def test_two_processes_train_resume_and_test(shell, config, port, tmp_path):
    shell('dist_train.sh', config, 2, '--cfg-options', 'train_cfg.max_iters=6', PORT=port)
    first, last, best = (tmp_path / 'work' / f'{name}.pth' for name in ('iter_3', 'iter_6', 'best_mIoU_iter_3'))
    # each process leaves its own random states
    assert [len(saved(path)['random_states']) for path in (first, best)] == [2, 2]
    again = ('--work-dir', tmp_path / 'again', '--resume', first, '--cfg-options', 'train_cfg.max_iters=6')
    shell('dist_train.sh', config, 2, *again, PORT=port)
    whole, resumed = saved(last)['state_dict'], saved(tmp_path / 'again' / last.name)['state_dict']
    assert whole.keys() == resumed.keys() and all(torch.equal(whole[name], resumed[name]) for name in whole)

    shell('dist_test.sh', config, last, 2, '--work-dir', tmp_path / 'test', PORT=port)
    # the stand-in's score is the share of the ten images that were counted, each once
    assert json.loads((tmp_path / 'test' / 'metrics.json').read_text())['AP_p_50'] == 1


@two_processes
def test_two_processes_save_after_epochs(shell, config, port, tmp_path):
    by_epoch = tmp_path / 'by_epoch.py'
    by_epoch.write_text(
        f"_base_ = '{config}'\n"
        "train_cfg = dict(_delete_=True, type='EpochBasedTrainLoop', max_epochs=2, val_interval=2)\n"
        'default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))\n'
        "train_dataloader = dict(sampler=dict(type='DefaultSampler', shuffle=True))\n"
    )
    shell('dist_train.sh', by_epoch, 2, PORT=port)
    assert len(saved(tmp_path / 'work' / 'epoch_1.pth')['random_states']) == 2


@pytest.mark.parametrize(
    ('script', 'arguments', 'tool'),
    [
        ('slurm_train.sh', ('config.py', '--amp'), 'train.py'),
        ('slurm_test.sh', ('config.py', 'weights.pth', '--tta'), 'test.py'),
    ],
)
def test_srun_is_asked_for_the_gpus_and_the_tool(shell, repo_root, tmp_path, script, arguments, tool):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ['PATH']])
    asked = shell(
        script, 'gpus', 'a job', *arguments, PATH=path, GPUS='16', GPUS_PER_NODE='4', SRUN_ARGS='--exclusive --mem=0'
    ).splitlines()
    files = arguments[:-1]
    command = ['python', '-u', str(repo_root / 'tools' / tool), *files, '--launcher', 'slurm', arguments[-1]]
    assert asked[-len(command) :] == command
    assert asked[: -len(command)] == [
        '--partition=gpus', '--job-name=a job', '--gres=gpu:4', '--ntasks=16', '--ntasks-per-node=4',
        '--cpus-per-task=5', '--kill-on-bad-exit=1', '--exclusive', '--mem=0',
    ]  # fmt: skip
