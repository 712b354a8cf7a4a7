"""Times matching solvers side by side in one run, and plots where one overtakes another.

The plots show the time of the forward pass against the size of a few problems and against their number. Where a solver
would take more than ``--most-seconds``, it is left out, and the legend says so.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import matplotlib
import torch
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmhparse.commands import add_speeds_option, append_speeds, milliseconds, plain_usage_errors, speeds_of
from mmhparse.matching import MatchingProblem, ProjectedGradient, UnbalancedTransport, solve
from mmhparse.matching.result import violation
from mmhparse.ops import compiled_devices
from mmhparse.utils import CommandParser

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402  (after selecting a backend that needs no display)

KINDS = 'uniform', 'limbs'


@dataclass
class NamedSolver:
    """A solver to time, as a function from scores (B, N, M) to plans (B, N, M)."""

    name: str
    plan: Callable[[Tensor], Tensor]
    differentiable: bool = True


def solvers_for(device: torch.device) -> list[NamedSolver]:
    """All solvers that run on the device, the plain PyTorch loop first."""

    def ours(name: str, solver) -> NamedSolver:
        return NamedSolver(name, lambda score: solve(MatchingProblem(score), solver).plan)

    solvers = [ours('PyTorch loop, unrolled', ProjectedGradient(backend='reference'))]
    if device.type in compiled_devices():
        solvers.append(ours('op, unrolled', ProjectedGradient(backend='compiled')))
        solvers.append(ours('op, implicit (exact)', ProjectedGradient(backend='compiled', gradient='implicit')))
    solvers.append(ours('transport, implicit', UnbalancedTransport(gradient='implicit', marginals='dustbin')))
    if device.type == 'cpu':
        solvers.append(NamedSolver('scipy linear_sum_assignment', assign_by_scipy, differentiable=False))
    try:
        import ot
    except ModuleNotFoundError:
        return solvers
    return [*solvers, NamedSolver('POT sinkhorn_unbalanced', lambda score: transport_by_pot(ot, score))]


def assign_by_scipy(score: Tensor) -> Tensor:
    plan = torch.zeros_like(score)
    for target, table in zip(plan, score.numpy(), strict=True):
        target[linear_sum_assignment(table, maximize=True)] = 1
    return plan * (score > 0)


def transport_by_pot(ot, score: Tensor) -> Tensor:
    rows, columns = score.new_ones(score.shape[1]), score.new_ones(score.shape[2])
    options = dict(reg=0.1, reg_m=0.3, numItermax=50, stopThr=0)
    return torch.stack([ot.unbalanced.sinkhorn_unbalanced(rows, columns, 1 - each, **options) for each in score])


def random_scores(batch: int, size: int, kind: str, device: torch.device) -> Tensor:
    """Scores (B, N, N) float32.

    ``uniform``: all scores are uniform in [-0.3, 0.7]. ``limbs``: each row has one high score, on the diagonal, as the
    affinities of limbs have.
    """
    generator = torch.Generator().manual_seed(0)
    if kind == 'uniform':
        return (torch.rand(batch, size, size, generator=generator) - 0.3).to(device)
    affinity = 0.08 + 0.2 * torch.randn(batch, size, size, generator=generator)
    affinity += 0.67 * torch.eye(size)
    return (affinity.clamp(0, 1) - 0.3).to(device)


@dataclass(frozen=True)
class Clock:
    """``wall``: elapsed time. ``cpu``: that of this process on all cores, of use where other programs run."""

    kind: Literal['wall', 'cpu']
    device: torch.device

    def milliseconds(self, function: Callable[[], object], repeats: int) -> list[float]:
        """Sorted times of ``repeats`` calls, after one that warms up."""
        return milliseconds(function, repeats, time.process_time if self.kind == 'cpu' else time.perf_counter)


def measure(solver: NamedSolver, score: Tensor, clock: Clock, repeats: int) -> dict:
    """Times of the forward pass and of both passes, in ms, and the largest constraint violation of the plans."""
    weight = torch.randn(score.shape, generator=torch.Generator().manual_seed(1)).to(score.device)

    def both() -> None:
        leaf = score.clone().requires_grad_()
        (solver.plan(leaf) * weight).sum().backward()

    forward = clock.milliseconds(lambda: solver.plan(score), repeats)
    passes = clock.milliseconds(both, repeats) if solver.differentiable else None
    with torch.no_grad():
        worst = violation(solver.plan(score)).max().item()
    return dict(name=solver.name, forward=forward, both=passes, violation=worst)


def print_table(rows: list[dict], title: str) -> None:
    """Medians with their range, and speed-ups over the first row, the plain loop."""
    table = Table('solver', 'forward ms', 'x loop', 'forward + backward ms', 'x loop', 'violation', title=title)
    loop = rows[0]
    for row in rows:
        cells = [row['name']]
        for key in ('forward', 'both'):
            times = row[key]
            if times is None:
                cells += ['', '']
                continue
            middle = statistics.median(times)
            cells += [
                f'{middle:.2f} ({times[0]:.2f} - {times[-1]:.2f})',
                f'{statistics.median(loop[key]) / middle:.1f}',
            ]
        table.add_row(*cells, f'{row["violation"]:.1e}')
    Console(width=130).print(table)


def times_of(rows: list[dict]) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Times by solver and pass, and what they are compared with: scipy forward, the PyTorch loop in both passes."""
    forward = {f'forward, {row["name"]}': row['forward'] for row in rows}
    both = {f'forward and backward, {row["name"]}': row['both'] for row in rows if row['both'] is not None}
    scipy = next((name for name in forward if 'scipy' in name), None)
    references = {name: scipy for name in forward if scipy is not None and name != scipy}
    return forward | both, references | dict.fromkeys(list(both)[1:], next(iter(both)))


@dataclass(frozen=True)
class Sweep:
    """Problems of growing size or number.

    Attributes:
        axis: What grows.
        rest: What does not.
        values: Of what grows, ascending.
        shapes: Number and size of the problems, for each of the values.
    """

    axis: str
    rest: str
    values: list[int]
    shapes: list[tuple[int, int]]


def sweep_times(
    solver: NamedSolver, sweep: Sweep, kind: str, clock: Clock, most_seconds: float, repeats: int
) -> list[float]:
    """Median ms of the forward pass for the first of the shapes: it stops before one that would take too long."""
    times: list[float] = []
    entries = [batch * size**2 for batch, size in sweep.shapes]
    for index, (batch, size) in enumerate(sweep.shapes):
        # no solver's time grows more slowly than the entries of large problems
        if index and times[-1] * entries[index] / entries[index - 1] > 1e3 * most_seconds:
            break
        score = random_scores(batch, size, kind, clock.device)
        times.append(statistics.median(clock.milliseconds(lambda score=score: solver.plan(score), repeats)))
    return times


def plot(
    times: dict[str, list[dict[str, list[float]]]], sweeps: list[Sweep], label: str, most: float, path: Path
) -> None:
    """Draws the times (ms) of each kind of scores, sweep and solver: a row of plots for each kind of scores."""
    figure, grid = plt.subplots(len(times), len(sweeps), figsize=(12, 8), squeeze=False, layout='constrained')
    for axes, (kind, rows) in zip(grid, times.items(), strict=True):
        for axis, sweep, solvers in zip(axes, sweeps, rows, strict=True):
            for name, found in solvers.items():
                left_out = (
                    f' (from {sweep.values[len(found)]} on over {most:g} s)' if len(found) < len(sweep.values) else ''
                )
                axis.loglog(sweep.values[: len(found)], found, marker='o', markersize=4, label=name + left_out)
            axis.set_title(f'{kind} scores, {sweep.rest}')
            axis.set_xlabel(sweep.axis)
            axis.set_xticks(sweep.values, [str(value) for value in sweep.values])
            axis.minorticks_off()
            axis.grid(alpha=0.3)
            axis.legend(fontsize='x-small')
        axes[0].set_ylabel(f'forward pass, {label}, ms')
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument(
        '--out-dir', type=Path, default=Path('work_dirs/bench_matching'), help='folder of time.png and times.json'
    )
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU')
    parser.add_argument('--clock', choices=['wall', 'cpu'], default='wall', help='elapsed time or CPU time')
    parser.add_argument('--batch', type=int, default=304, help='problems, e.g. 19 limb types of 16 images')
    parser.add_argument('--size', type=int, default=30, help='rows and columns of a problem')
    parser.add_argument(
        '--sizes', type=int, nargs='+', default=[5, 10, 20, 50, 100, 200, 300], help='sizes of 8 problems in the plot'
    )
    parser.add_argument(
        '--batches', type=int, nargs='+', default=[1, 10, 100, 1000, 10000], help='numbers of problems in the plot'
    )
    parser.add_argument('--most-seconds', type=float, default=3, help='of one solver, for one point of the plot')
    parser.add_argument('--repeats', type=int, default=9)
    add_speeds_option(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = Clock(arguments.clock, torch.device(arguments.device))
    solvers = solvers_for(clock.device)
    where = f'{clock.device}, {arguments.threads} threads, torch {torch.__version__}, {platform.machine()}'
    results = {}
    for kind in KINDS:
        score = random_scores(arguments.batch, arguments.size, kind, clock.device)
        results[kind] = [measure(solver, score, clock, arguments.repeats) for solver in solvers]
        print_table(results[kind], f'{arguments.batch} {kind} problems of {arguments.size} x {arguments.size}, {where}')
    sweeps = [
        Sweep('rows and columns', '8 problems', arguments.sizes, [(8, size) for size in arguments.sizes]),
        Sweep(
            'problems',
            f'{arguments.size} x {arguments.size}',
            arguments.batches,
            [(batch, arguments.size) for batch in arguments.batches],
        ),
    ]
    times = {
        kind: [
            {each.name: sweep_times(each, sweep, kind, clock, arguments.most_seconds, repeats=3) for each in solvers}
            for sweep in sweeps
        ]
        for kind in KINDS
    }
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    label = 'CPU time' if arguments.clock == 'cpu' else 'elapsed time'
    plot(times, sweeps, label, arguments.most_seconds, arguments.out_dir / 'time.png')
    (arguments.out_dir / 'times.json').write_text(json.dumps(dict(where=where, **results, sweeps=times), indent=1))
    print(f'{arguments.out_dir}/time.png and times.json were written.')
    if arguments.speeds:
        suffix = ', CPU time' if arguments.clock == 'cpu' else ''
        with plain_usage_errors():
            for kind, rows in results.items():
                append_speeds(arguments.speeds, speeds_of(f'matching, {kind}{suffix}', *times_of(rows)))


if __name__ == '__main__':
    main()
