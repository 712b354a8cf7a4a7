"""Runs the benchmarks and writes their newest results into docs/en/notes/benchmarks.md.

  python tools/analysis/benchmarks_page.py --bodypix bodypix_mobilenet_075.npz

Results are appended to docs/en/notes/speeds.jsonl, which keeps all that was ever measured. The page shows the newest
run of each benchmark, what was fastest before on the same machine, and the targets; docs/en/images/speed_history.png
shows how the rows with a target went from run to run. ``--only`` runs some of them; ``--render`` runs none, and writes
page and figure from the history. On a quiet machine: wall times suffer from other programs.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speed_history import Panel, draw_history, panels_of

from mmhparse.commands import Speed, plain_usage_errors, read_speeds
from mmhparse.utils import CommandParser, UsageError, write_atomic

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / 'docs' / 'en' / 'notes'
BEGIN, END = '<!-- begin of the tables by tools/analysis/benchmarks_page.py -->', '<!-- end of these tables -->'


@dataclass(frozen=True)
class Target:
    """What a speed is to reach: at most so many ms, or at least so many times as fast as its reference."""

    most: float | None = None
    times: float | None = None

    def __str__(self) -> str:
        return f'{_number(self.most)} ms' if self.most is not None else f'{_number(self.times)} times'

    def verdict(self, speed: Speed, reference: Speed | None) -> str:
        """The target and whether it is met, if what it asks for was measured."""
        if self.most is not None:
            met = speed.median <= self.most
        elif reference is not None:
            met = reference.median >= self.times * speed.median
        else:
            return f'{self}: not measured'
        return f'{self}: {"met" if met else "**missed**"}'


LOADING = 'loading, mean CPU time on one core'
TARGETS = {
    ('decoding', '10 people, 512 x 512, 15 classes'): Target(most=8),
    ('decoding', '10 people, 512 x 512, 59 classes'): Target(most=15),
    ('decoding', '200 people, 1280 x 2048'): Target(most=100),
    ('decoding', '1000 people, 5120 x 2560'): Target(most=600),
    ('evaluation', '1 people, 512 x 512, one pass'): Target(times=1),
    ('a photo of 448 pixels', 'whole, torch'): Target(times=1),
    ('a photo of 448 pixels', 'network, torch, bfloat16'): Target(times=2),
    ('a photo of 448 pixels', 'network, openvino, bfloat16'): Target(times=2),
    ('a photo of 448 pixels', 'network, openvino, int8'): Target(times=2),
}
TARGETS |= {
    (f'matching, {kind}', what): target
    for kind in ('uniform', 'limbs')
    for what, target in (
        ('forward, op, unrolled', Target(times=1)),
        ('forward and backward, op, unrolled', Target(times=30)),
        ('forward and backward, op, implicit (exact)', Target(times=20)),
    )
}
TARGETS |= {
    (LOADING, f'{name}, `GenerateFields`'): Target(most=4)
    for name in ('LV-MHP-v2', 'DensePose-COCO', 'PASCAL-Person-Part', 'CIHP')
}
TARGETS[LOADING, 'LV-MHP-v2, a sample'] = Target(most=1000 / 30)
PLOTS = {'matching': {'time.png': 'matching_times.png'}, 'decoding': {'growth.png': 'decoding_growth.png'}}
"""Plots of the benchmarks that the documents show, and their names there."""
HISTORY = 'speed_history.png'
"""The figure of all runs."""


def commands_of(args: argparse.Namespace) -> dict[str, list[str]]:
    """The command of each benchmark, without the interpreter."""
    threads, plots = ['--threads', str(args.threads)], ['--out-dir', str(args.work_dir)]
    photos = sorted(map(str, (ROOT / 'demo').glob('*.jpg')))
    bodypix = ['--bodypix', str(args.bodypix)] if args.bodypix else []
    return {
        'matching': ['bench_matching.py', *threads, *plots, '--most-seconds', '0.3'],
        'decoding': ['bench_decoding.py', *threads, *plots, '--repeats', '25'],
        'evaluation': ['bench_evaluation.py'],
        'loading': ['bench_pipeline.py'],
        'photos': ['bench_backends.py', *photos, *threads, *bodypix],
    }


def newest_runs(speeds: Sequence[Speed]) -> dict[str, list[Speed]]:
    """The speeds of the newest run of each benchmark, in the order of the history.

    Of two runs of one commit on one day, the last times count.
    """
    newest = {speed.bench: speed.run for speed in speeds}
    return {
        bench: list({speed.what: speed for speed in speeds if speed.run == run}.values())
        for bench, run in newest.items()
    }


def table_of(run: Sequence[Speed], history: Sequence[Speed]) -> list[str]:
    """Lines of Markdown: what a run timed, beside its references, targets and the fastest of earlier runs.

    Earlier runs are those on the same machine with as many threads.
    """
    first = run[0]
    threads = f'{first.threads} thread{"s" if first.threads > 1 else ""}'
    where = f'{first.day}, {threads}, {first.machine}; {first.software}.'
    lines = [
        f'### {first.bench[0].upper()}{first.bench[1:]}',
        '',
        f'{where} Milliseconds: median (least - greatest), or a mean.',
        '',
    ]
    lines += ['| | ms | times as fast as | target | fastest before |', '|---|---|---|---|---|']
    known = {speed.what: speed for speed in run}
    for speed in run:
        reference = known.get(speed.reference or '')
        faster = f'{_number(reference.median / speed.median)} x {reference.what}' if reference else ''
        target = TARGETS.get((speed.bench, speed.what))
        verdict = target.verdict(speed, reference) if target else ''
        lines.append(f'| {speed.what} | {_times(speed)} | {faster} | {verdict} | {_fastest(earlier(speed, history))} |')
    return lines


def earlier(speed: Speed, history: Sequence[Speed]) -> list[Speed]:
    """What other runs on the same machine, with as many threads, timed of the same."""
    alike = [(other.bench, other.what, other.machine, other.threads) for other in history]
    own = speed.bench, speed.what, speed.machine, speed.threads
    return [other for other, key in zip(history, alike, strict=True) if key == own and other.run != speed.run]


def _times(speed: Speed) -> str:
    spread = f' ({_number(speed.least)} - {_number(speed.greatest)})' if speed.least < speed.greatest else ''
    return _number(speed.median) + spread


def _fastest(speeds: Sequence[Speed]) -> str:
    best = min(speeds, key=lambda speed: speed.median, default=None)
    return f'{_number(best.median)}, {best.day}' if best else ''


def _number(value: float) -> str:
    return f'{value:.3g}' if value < 999.5 else f'{value:,.0f}'


def render(page: str, speeds: Sequence[Speed]) -> str:
    """The page with the tables between its two markers.

    Raises:
        UsageError: If it lacks a marker.
    """
    begin, end = page.find(BEGIN), page.find(END)
    if not 0 <= begin < end:
        raise UsageError(f'the page needs the lines {BEGIN} and {END}, in this order.')
    tables = [line for run in newest_runs(speeds).values() for line in (*table_of(run, speeds), '')]
    return '\n'.join([page[:begin] + BEGIN, '', *tables, page[end:]])


def history_panels(speeds: Sequence[Speed]) -> list[Panel]:
    """The rows with a target, from run to run."""
    return panels_of(speeds, {row: target.most for row, target in TARGETS.items()})


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ['matching', 'decoding', 'evaluation', 'loading', 'photos']
    parser.add_argument('--only', nargs='+', choices=names, default=names, help='benchmarks to run; default: all')
    parser.add_argument('--render', action='store_true', help='run none')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU; default: 2')
    parser.add_argument('--bodypix', type=Path, metavar='FILE.npz', help="BodyPix's weights, to compare with")
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/benchmarks'), help='for plots')
    parser.add_argument('--history', type=Path, default=NOTES / 'speeds.jsonl', help='default: that of the documents')
    parser.add_argument('--page', type=Path, default=NOTES / 'benchmarks.md', help='default: that of the documents')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        render(args.page.read_text(), read_speeds(args.history) if args.history.exists() else [])  # can it be done?
        for name, command in commands_of(args).items():
            if name in args.only and not args.render:
                tool, *options = command
                run = [sys.executable, str(Path(__file__).with_name(tool)), *options, '--speeds', str(args.history)]
                if subprocess.run(run).returncode:
                    raise UsageError(f'{tool} failed, as it says above.')
                for plot, copy in PLOTS.get(name, {}).items():
                    shutil.copy(args.work_dir / plot, args.page.parent.parent / 'images' / copy)
        speeds = read_speeds(args.history)
        page, panels = render(args.page.read_text(), speeds), history_panels(speeds)
    write_atomic(args.page, page.encode())
    if panels:
        write_atomic(args.page.parent.parent / 'images' / HISTORY, draw_history(panels))


if __name__ == '__main__':
    main()
