"""Speeds are kept in a history that is read as it was written, and what is no speed is named."""

import json
from dataclasses import asdict

import pytest

from mmhparse.commands import append_speeds, milliseconds, read_speeds, speeds_of
from mmhparse.utils import UsageError


def test_a_function_is_called_once_more_than_it_is_timed():
    calls = []
    times = milliseconds(lambda: calls.append(None), 4)
    assert len(calls) == 5 and len(times) == 4 and times == sorted(times)


def test_the_history_is_read_as_it_was_written(tmp_path):
    file = tmp_path / 'speeds.jsonl'
    first = speeds_of('matching', {'loop': [3.0, 1.0, 2.5], 'op': [0.5]}, {'op': 'loop'})
    second = speeds_of('decoding', {'ten people': [1.0, 4.0]})
    append_speeds(file, first)
    append_speeds(file, second)
    assert read_speeds(file) == [*first, *second]
    loop, op, people = read_speeds(file)
    assert (loop.median, loop.least, loop.greatest, loop.reference) == (2.5, 1.0, 3.0, None)
    assert op.reference == 'loop' and people.median == 2.5
    assert loop.run == op.run and loop.run != people.run
    assert 'cores of' in loop.machine and 'torch' in loop.software


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('{"bench": ', 'no JSON'),
        ('[1]', 'expected an object with bench, day'),
        ('{"bench": "matching"}', 'expected an object'),
    ],
)
def test_what_is_no_speed_is_named_with_its_line(tmp_path, line, message):
    file = tmp_path / 'speeds.jsonl'
    (speed,) = speeds_of('matching', {'loop': [1.0]})
    file.write_text(json.dumps(asdict(speed)) + '\n' + line + '\n')
    with pytest.raises(UsageError, match=rf'speeds\.jsonl, line 2: {message}'):
        read_speeds(file)


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (dict(machine=1), 'machine must be a string, got 1'),
        (dict(reference=2.0), r'reference must be a string or null, got 2\.0'),
        (dict(threads=True), 'threads must be a whole number from 1 on, got True'),
        (dict(threads=0), 'threads must be .* got 0'),
        (dict(median='3'), r"must be ascending numbers above 0, got \[1\.0, '3', 1\.0\]"),
        (dict(median=float('nan')), 'must be ascending numbers above 0'),
        (dict(greatest=float('inf')), 'must be ascending numbers above 0'),
        (dict(least=2.0), r'above 0, got \[2\.0, 1\.0, 1\.0\]'),
        (dict(least=0.0), 'must be ascending numbers above 0'),
    ],
)
def test_entries_that_are_no_times_or_names_are_told_with_their_line(tmp_path, entry, message):
    file = tmp_path / 'speeds.jsonl'
    (speed,) = speeds_of('matching', {'loop': [1.0]})
    lines = asdict(speed), asdict(speed) | entry
    file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    with pytest.raises(UsageError, match=rf'speeds\.jsonl, line 2: .*{message}'):
        read_speeds(file)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path):
    with pytest.raises(UsageError, match=r'none\.jsonl'):
        read_speeds(tmp_path / 'none.jsonl')
    with pytest.raises(UsageError, match='--speeds is the folder'):
        append_speeds(tmp_path, [])
