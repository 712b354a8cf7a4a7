"""The walks of the architecture page name the files that an image passes, in the order in which it does, each once."""

import sys
import threading
from contextlib import contextmanager

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from test_docs.sandbox import make_sandbox
from test_docs.test_architecture_page import ROOT, walk_of

from mmhparse.apis import HumanParsingInferencer
from mmhparse.commands.runner_setup import build_runner

_CONSTRUCTORS = ('__init__', '__post_init__')


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    make_sandbox(ROOT, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def files_called():
    """Collects the files of the package in the order of the first call of a function in them, in all threads.

    Constructors do not count: a solver that is built belongs where it solves.
    """
    package, order = f'{ROOT}/mmhparse/', {}

    def note(frame, event, argument):
        code = frame.f_code
        if event == 'call' and code.co_name not in _CONSTRUCTORS and code.co_filename.startswith(package):
            order.setdefault(code.co_filename.removeprefix(package))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield order
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _ours(walk: list[str], called) -> list[str]:
    return [name for name in called if name in walk]


def test_inference_passes_the_files_of_its_walk_in_order(sandbox):
    walk = walk_of('One image through the inferencer')
    infer = HumanParsingInferencer(show_progress=False)
    with files_called() as called:
        infer('photo.jpg', out_dir='results')
    assert _ours(walk, called) == walk


def test_training_passes_the_files_of_its_walk_in_order(sandbox):
    walk = walk_of('One image through training')
    cfg = Config.fromfile('configs/multi_granularity/mg-pgd_r101_cihp.py')
    cfg.merge_from_dict(
        {f'{loader}_dataloader.dataset.data_root': 'data/instance-level_human_parsing' for loader in ('train', 'val')}
    )
    # the grouping loss takes part from the first step
    cfg.default_hooks.grouping_schedule.update(start=0.0, ramp=0.0)
    cfg.work_dir = 'work'
    cfg.visualizer.name = 'walk'
    with DefaultScope.overwrite_default_scope('mmhparse'):
        runner = build_runner(cfg)
        # built on first use: data sets and metrics, which are not on the way of an image
        assert runner.train_loop and runner.val_loop
        with files_called() as called:
            runner.train()
    assert _ours(walk, called) == walk


def test_walks_name_each_file_once_and_files_that_exist():
    for title in ('One image through the inferencer', 'One image through training'):
        walk = walk_of(title)
        assert len(walk) == len(set(walk)) > 20
        assert [name for name in walk if not (ROOT / 'mmhparse' / name).is_file()] == []
