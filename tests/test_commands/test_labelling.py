"""Photos are labelled by one process or several; what cannot be labelled is reported and loses nothing else."""

from functools import partial
from pathlib import Path

import pytest

from mmhparse.commands import label_photos

_started: list[str] = []


def _start(word: str) -> None:
    _started.append(word)


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
