"""Fixtures of all tests, and what makes them repeatable."""

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile('repeatable', deadline=None, derandomize=True, database=None)
settings.load_profile('repeatable')
# many small problems: more threads only wait for each other
torch.set_num_threads(1)


@pytest.fixture(scope='session')
def repo_root() -> Path:
    """Folder that holds the package, its configs and its tools."""
    return ROOT


@pytest.fixture(scope='session')
def load_tool() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a command of tools/ by its path there, as in ``load_tool('analysis/draw_data_flow.py')``."""
    with pytest.MonkeyPatch.context() as patch:

        def load(path: str) -> ModuleType:
            file = ROOT / 'tools' / path
            # as Python does when it is run: modules beside it can be imported
            patch.syspath_prepend(file.parent)
            spec = importlib.util.spec_from_file_location(f'tool_{file.stem}', file)
            command = importlib.util.module_from_spec(spec)
            # a dataclass looks its module up by name
            patch.setitem(sys.modules, spec.name, command)
            spec.loader.exec_module(command)
            return command

        yield load


def _shared_data(name: str) -> Path:
    folder = Path(os.environ.get('MMHPARSE_DATA', ROOT.parent / 'shared' / 'data')) / name
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there; set MMHPARSE_DATA to the folder that holds {name}/')
    return folder


@pytest.fixture(scope='session')
def coco_mini() -> Path:
    """Four COCO photos, ``images/``, with ``person_keypoints.json``: 14 people with masks and joints."""
    return _shared_data('coco_mini')


@pytest.fixture(scope='session')
def cihp_demo() -> Path:
    """One photo with category, human and instance maps in CIHP's layout."""
    return _shared_data('cihp_demo')


def pytest_terminal_summary(terminalreporter) -> None:
    """Says how many blocks of the documentation ran, and why the others did not; the tests note each one."""
    outcomes = Counter(
        outcome
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, outcome in getattr(report, 'user_properties', ())
        if name == 'block' and getattr(report, 'when', None) == 'call'
    )
    if outcomes:
        ran = outcomes.pop('ran', 0)
        terminalreporter.write_sep('=', f'blocks of the documentation: {ran} ran, {outcomes.total()} are marked')
        for outcome, count in sorted(outcomes.items()):
            terminalreporter.write_line(f'{count:3} {outcome}')


@pytest.fixture(scope='session')
def bodypix() -> Path:
    """BodyPix's weights, ``bodypix_mobilenet_075.npz``, and another implementation of it, ``bodypix.py``."""
    return _shared_data('bodypix')
