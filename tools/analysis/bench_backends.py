"""Times what runs the network, and whole parsing, beside BodyPix: each in a process of its own, by turns.

  python tools/analysis/bench_backends.py demo/*.jpg --bodypix bodypix_mobilenet_075.npz

A turn runs all photos once, so that load hits all alike. While one process works the others wait: threads of one
runtime that still spin would otherwise take a core from the next. Wall times suffer from whatever else the machine
does; seconds of the CPU, of all threads together, hardly do. With `--threads 1` nothing waits for another thread, and
the ratio of CPU seconds is that of the work.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import torch

# beside this file
from backend_worker import Job
from rich.console import Console
from rich.table import Table

from mmhparse.apis import BUNDLED_MODELS, DEFAULT_MODEL
from mmhparse.apis.networks import PRECISIONS, Backend
from mmhparse.commands import (
    add_speeds_option,
    append_speeds,
    at_least,
    check_output_file,
    plain_usage_errors,
    speeds_of,
)
from mmhparse.utils import CommandParser, UsageError, progress_bar, write_atomic

Times = list[list[float]]
"""Milliseconds of wall and CPU of each call."""

PAUSE = 0.05
"""Seconds between two turns, in which the threads of the former come to rest."""


class Worker:
    """A process of ``backend_worker.py``.

    Args:
        name: Of what it times.
        job: What it times.

    Raises:
        UsageError: If it cannot be built.
    """

    def __init__(self, name: str, job: Job):
        self.name = name
        command = [sys.executable, str(Path(__file__).with_name('backend_worker.py'))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kinds = self._ask(asdict(job))
        if isinstance(self.kinds, str):
            self.close()
            raise UsageError(self.kinds)

    def time(self, kind: str) -> Times:
        """Times of all photos."""
        time.sleep(PAUSE)
        return self._ask(kind)

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _ask(self, request: object) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ''
        if not line:
            raise UsageError(f"the process of '{self.name}' has ended; what it printed stands above.")
        return json.loads(line)


def jobs_of(args: argparse.Namespace) -> dict[str, Job]:
    """What is timed, by name."""
    options: dict[str, dict[str, Any]] = {}
    if 'torch' in args.backends:
        options['torch, unfolded'] = options['torch'] = {}
        options['torch, bfloat16'] = {'precision': 'bfloat16'}
    if 'onnxruntime' in args.backends:
        options['onnxruntime'] = {'backend': 'onnxruntime'}
    if 'openvino' in args.backends:
        options['openvino'] = {'backend': 'openvino'}
        options['openvino, bfloat16'] = {'backend': 'openvino', 'precision': 'bfloat16'}
    for backend in args.backends if BUNDLED_MODELS[args.model].int8_path else ():
        if 'int8' in PRECISIONS[backend]:
            options[f'{backend}, int8'] = {'backend': backend, 'precision': 'int8'}
    common = [str(path) for path in args.photos], args.threads, args.long_side
    jobs = {
        name: Job(*common, {'model': args.model, **one}, folded='unfolded' not in name) for name, one in options.items()
    }
    if args.bodypix is not None:
        jobs['BodyPix'] = Job(*common, {}, bodypix=args.bodypix)
    return jobs


def timed(workers: list[Worker], kind: str, repeats: int) -> dict[str, Times]:
    """Times of every call by what was timed, after a first turn, which is not counted."""
    workers = [worker for worker in workers if kind in worker.kinds]
    times: dict[str, Times] = {worker.name: [] for worker in workers}
    with progress_bar(repeats + 1, f'Timing: {kind}') as bar:
        for turn in range(repeats + 1):
            for worker in workers:
                found = worker.time(kind)
                times[worker.name] += found if turn else []
            bar.update()
    return times


def print_table(times: dict[str, Times], title: str) -> None:
    table = Table('', 'wall ms: median (least)', 'CPU ms: median (least)', 'work of the first', title=title)
    first = None
    for name, rows in times.items():
        wall, busy = (sorted(column) for column in zip(*rows, strict=True))
        first = first or statistics.median(busy)
        table.add_row(
            name,
            *(f'{statistics.median(values):.0f} ({values[0]:.0f})' for values in (wall, busy)),
            f'{statistics.median(busy) / first:.2f}',
        )
    Console(width=110).print(table)


def references_of(times: dict[str, list[float]]) -> dict[str, str]:
    """Networks are compared with torch as it was before folding, whole parsing with BodyPix, or else with torch."""
    whole = 'whole, BodyPix' if 'whole, BodyPix' in times else 'whole, torch'
    references = {name: 'network, torch, unfolded' if name.startswith('network') else whole for name in times}
    return {name: reference for name, reference in references.items() if name != reference and reference in times}


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos', nargs='+', type=Path, metavar='PHOTO')
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        choices=list(BUNDLED_MODELS),
        help=f'model of the package; default: {DEFAULT_MODEL}',
    )
    known = get_args(Backend)
    parser.add_argument('--backends', nargs='+', choices=known, default=known, help='those to time; default: all')
    parser.add_argument('--bodypix', metavar='FILE.npz', help="BodyPix's weights, run at stride 8")
    parser.add_argument('--long-side', type=at_least(1), default=448, help='of what the networks see; default: 448')
    parser.add_argument('--threads', type=at_least(1), default=2, help='threads of the CPU; default: 2')
    parser.add_argument('--repeats', type=at_least(1), default=5, help='turns over the photos; default: 5')
    parser.add_argument('--out', type=Path, metavar='FILE.json', help='write all times to this file')
    add_speeds_option(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)  # as the history notes it
    where = f'{args.long_side} pixels, {args.threads} threads, {platform.machine()}, torch {torch.__version__}'
    figures: dict[str, dict[str, Times]] = {}
    with plain_usage_errors(), ExitStack() as ends:
        if args.out is not None:
            check_output_file('--out', args.out)
        workers = []
        for name, job in jobs_of(args).items():
            workers.append(Worker(name, job))
            ends.callback(workers[-1].close)
        for kind in ('network', 'whole'):
            figures[kind] = timed(workers, kind, args.repeats)
            print_table(figures[kind], f'{kind}: {len(args.photos)} photos, {args.repeats} times, {where}')
    if args.out is not None:
        write_atomic(args.out, (json.dumps({'where': where, **figures}, indent=1) + '\n').encode())
    if args.speeds:
        times = {
            f'{kind}, {name}': [wall for wall, _ in rows]
            for kind, steps in figures.items()
            for name, rows in steps.items()
        }
        with plain_usage_errors():
            append_speeds(args.speeds, speeds_of(f'a photo of {args.long_side} pixels', times, references_of(times)))


if __name__ == '__main__':
    main()
