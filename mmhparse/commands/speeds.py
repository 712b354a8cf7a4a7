"""Speeds: what benchmarks timed, kept as a history of JSON lines."""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from math import inf
from pathlib import Path
from statistics import median
from types import NoneType

import torch

from mmhparse.utils import UsageError

from .output_paths import check_output_file

_CPU_NAMES = Path('/proc/cpuinfo')
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Speed:
    """One thing that a benchmark timed in one run; only what ran in one run can be compared.

    Attributes:
        bench: Benchmark, e.g. 'decoding'.
        what: What was timed.
        median, least, greatest: Milliseconds.
        reference: Another ``what`` of the same run with which it is compared.
        day: Day of the run, as 2026-11-29.
        machine: Its processor, number of cores and GPU.
        software: Versions of mmhparse's source (a git commit) and of torch.
        threads: Threads of the CPU.
    """

    bench: str
    what: str
    median: float
    least: float
    greatest: float
    reference: str | None
    day: str
    machine: str
    software: str
    threads: int

    @property
    def run(self) -> tuple[str, str, str, str, int]:
        """What the speeds of one run have in common."""
        return self.bench, self.day, self.machine, self.software, self.threads


def milliseconds(
    function: Callable[[], object], repeats: int, now: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Sorted times of ``repeats`` calls, after one that warms up, by a clock that tells seconds."""
    times = []
    for _ in range(repeats + 1):
        start = now()
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(1e3 * (now() - start))
    return sorted(times[1:])


def speeds_of(
    bench: str, times: Mapping[str, Sequence[float]], references: Mapping[str, str] | None = None
) -> list[Speed]:
    """The speeds of a run on this machine, today.

    Args:
        bench: Benchmark.
        times: Milliseconds of each repetition, by what was timed.
        references: For what has a reference, that reference.
    """
    references = references or {}
    where = date.today().isoformat(), _machine(), f'{_commit()}, torch {torch.__version__}', torch.get_num_threads()
    return [
        Speed(bench, what, median(values), min(values), max(values), references.get(what), *where)
        for what, values in times.items()
    ]


def add_speeds_option(parser: argparse.ArgumentParser) -> None:
    """Adds ``--speeds FILE``, for :func:`append_speeds`; a file that cannot be written is refused before the work."""
    parser.add_argument('--speeds', type=_writable, metavar='FILE.jsonl', help='append the times to this history')


def append_speeds(file: Path, speeds: Iterable[Speed]) -> None:
    """Appends speeds to a history.

    Raises:
        UsageError: If it cannot be written.
    """
    check_output_file('--speeds', file)
    with file.open('a') as stream:
        stream.writelines(json.dumps(asdict(speed)) + '\n' for speed in speeds)


def read_speeds(file: Path) -> list[Speed]:
    """A history, oldest first.

    Raises:
        UsageError: If the file cannot be read, or a line is no speed: an entry is missing, unknown or of another type,
            or the times are not finite, above 0 and in order.
    """
    try:
        lines = file.read_text().splitlines()
    except OSError as error:
        raise UsageError(f'{file}: {error.strerror or error}') from error
    return [_speed(line, f'{file}, line {number}') for number, line in enumerate(lines, start=1)]


def _writable(path: str) -> Path:
    try:
        check_output_file('--speeds', path)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return Path(path)


def _speed(line: str, where: str) -> Speed:
    names = {field.name for field in fields(Speed)}
    try:
        entries = json.loads(line)
    except ValueError as error:
        raise UsageError(f'{where}: no JSON: {error}') from error
    if not isinstance(entries, dict) or entries.keys() != names:
        raise UsageError(f'{where}: expected an object with {", ".join(sorted(names))}; got {line:.200}')
    for name in ('bench', 'what', 'day', 'machine', 'software'):
        if not isinstance(entries[name], str):
            raise UsageError(f'{where}: {name} must be a string, got {entries[name]!r:.200}')
    if not isinstance(entries['reference'], (str, NoneType)):
        raise UsageError(f'{where}: reference must be a string or null, got {entries["reference"]!r:.200}')
    if type(entries['threads']) is not int or entries['threads'] < 1:
        raise UsageError(f'{where}: threads must be a whole number from 1 on, got {entries["threads"]!r:.200}')
    times = [entries[name] for name in ('least', 'median', 'greatest')]
    if not all(type(value) in (int, float) for value in times) or not 0 < times[0] <= times[1] <= times[2] < inf:
        raise UsageError(f'{where}: least, median and greatest must be ascending numbers above 0, got {times!r:.200}')
    return Speed(**entries)


def _machine() -> str:
    lines = _CPU_NAMES.read_text().splitlines() if _CPU_NAMES.exists() else []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU'
    return f'{os.cpu_count()} cores of {names[0] if names else platform.machine()}, {gpu}'


def _commit() -> str:
    """The commit of this package's source, and whether the source was changed since."""
    outputs = []
    for command in (['git', 'rev-parse', '--short', 'HEAD'], ['git', 'status', '--porcelain', '.']):
        try:
            found = subprocess.run(command, cwd=_PACKAGE, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return 'unknown commit'
        outputs.append(found.stdout.strip())
    return f'commit {outputs[0]}{", changed" if outputs[1] else ""}'
