"""Photos are labelled by one process or several; what cannot be labelled is reported and loses nothing else."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from mmhparse.commands import label_photos
from mmhparse.utils import UsageError

_started: list[str] = []


def _start(word: str) -> None:
    _started.append(word)


def _dies(name: str) -> str | None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_ends_the_others():
    """Before, the command waited for it for ever."""
    with pytest.raises(UsageError, match='one of the processes was killed'):
        label_photos(_dies, ['a', 'b', 'c'], partial(_start, 'ready'), 2)


def test_a_process_that_is_killed_while_photos_are_handed_out():
    with pytest.raises(UsageError, match='one of the processes was killed'):
        label_photos(_dies, range(60_000), partial(_start, 'ready'), 2)


def _does_not_start() -> None:
    raise FileNotFoundError('no weights')


def test_a_process_that_cannot_start():
    with pytest.raises(UsageError, match='could not start, as it says above'):
        label_photos(_label, ['a', 'b', 'c'], _does_not_start, 2)


def _label(name: str, folder: Path) -> str | None:
    if name == 'bad':
        return f"'{name}' cannot be read"
    (folder / name).write_text(_started[-1])  # in a process that was started
    return None


@pytest.mark.parametrize('workers', [1, 2])
def test_each_photo_is_labelled_once_and_failures_are_told(tmp_path, capsys, workers):
    names = ['a', 'bad', 'b', 'c']
    assert label_photos(partial(_label, folder=tmp_path), names, partial(_start, 'ready'), workers, done=3) == 1
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys('abc', 'ready')
    assert "not labelled: 'bad' cannot be read" in capsys.readouterr().out
