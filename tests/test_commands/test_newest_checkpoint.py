"""A training is resumed from its own folder, wherever that was moved or copied to."""

import shutil

import pytest
import torch
from stand_ins import stand_in_config

from mmhparse.commands import build_runner, newest_checkpoint, set_resume


@pytest.fixture
def folder(tmp_path):
    """A work folder as a training leaves it, with three checkpoints."""
    folder = tmp_path / 'run'
    cfg = stand_in_config(folder)
    cfg.visualizer.name = 'newest_checkpoint'
    build_runner(cfg).train()
    assert (folder / 'last_checkpoint').read_text().startswith('/')
    return folder


def test_a_copied_folder_resumes_from_its_own_checkpoint(folder, tmp_path):
    """Before, from that of the original."""
    shutil.copytree(folder, tmp_path / 'copy')
    assert newest_checkpoint(folder).parent == folder
    assert newest_checkpoint(tmp_path / 'copy') == tmp_path / 'copy' / newest_checkpoint(folder).name
    cfg = stand_in_config(tmp_path / 'copy')
    set_resume(cfg, 'auto')
    assert cfg.load_from == str(newest_checkpoint(tmp_path / 'copy'))


def test_a_renamed_folder_resumes(folder, tmp_path):
    """Before, with a traceback."""
    name = newest_checkpoint(folder).name
    folder.rename(tmp_path / 'renamed')
    cfg = stand_in_config(tmp_path / 'renamed')
    cfg.train_cfg.max_iters = 12
    cfg.visualizer.name = 'renamed'
    set_resume(cfg, 'auto')
    assert cfg.load_from == str(tmp_path / 'renamed' / name)
    runner = build_runner(cfg)
    runner.train()
    assert runner.iter == 12


def test_a_config_that_says_resume_does_the_same(folder, tmp_path):
    folder.rename(tmp_path / 'renamed')
    cfg = stand_in_config(tmp_path / 'renamed')
    cfg.resume, cfg.visualizer.name = True, 'says_resume'
    build_runner(cfg)
    assert cfg.load_from == str(newest_checkpoint(tmp_path / 'renamed'))


def test_what_counts_as_newest(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    for name in ('iter_9.pth', 'iter_100.pth', 'epoch_20.pth', 'best_mIoU_iter_900.pth', 'iter_x.pth'):
        (tmp_path / name).touch()
    assert newest_checkpoint(tmp_path).name == 'iter_100.pth'
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/run/iter_9.pth\n')
    assert newest_checkpoint(tmp_path).name == 'iter_9.pth'
    # a note without its file, from a Windows machine, or cut short
    for note in ('/elsewhere/run/iter_500.pth', ''):
        (tmp_path / 'last_checkpoint').write_text(note)
        assert newest_checkpoint(tmp_path).name == 'iter_100.pth'
    (tmp_path / 'last_checkpoint').write_text('C:\\runs\\mine\\epoch_20.pth')
    assert newest_checkpoint(tmp_path).name == 'epoch_20.pth'


def test_checkpoints_written_elsewhere(tmp_path):
    cfg = stand_in_config(tmp_path / 'run')
    cfg.default_hooks.checkpoint.out_dir = str(tmp_path / 'kept')
    cfg.visualizer.name = 'written_elsewhere'
    build_runner(cfg).train()
    newest = newest_checkpoint(tmp_path / 'run', tmp_path / 'kept')
    assert newest.parent == tmp_path / 'kept' / 'run'
    assert torch.load(newest, weights_only=True)['meta']['iter'] == 9 + 1
    set_resume(cfg, 'auto')
    assert cfg.load_from == str(newest)
