"""Times matching solvers side by side in one run, and plots time against problem size and batch size."""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import torch
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmhparse.matching import MatchingProblem, ProjectedGradient, UnbalancedTransport, solve
from mmhparse.matching.result import violation
from mmhparse.ops import compiled_devices

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402  (after selecting a backend that needs no display)


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


def milliseconds(function: Callable[[], object], device: torch.device, repeats: int) -> list[float]:
    """Sorted wall times of ``repeats`` calls, after one that warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        function()
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        times.append(1e3 * (time.perf_counter() - start))
    return sorted(times[1:])


def measure(solver: NamedSolver, score: Tensor, repeats: int) -> dict:
    """Times of the forward pass and of both passes, in ms, and the largest constraint violation of the plans."""
    weight = torch.randn(score.shape, generator=torch.Generator().manual_seed(1)).to(score.device)

    def both() -> None:
        leaf = score.clone().requires_grad_()
        (solver.plan(leaf) * weight).sum().backward()

    forward = milliseconds(lambda: solver.plan(score), score.device, repeats)
    passes = milliseconds(both, score.device, repeats) if solver.differentiable else None
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


def plot(sizes: dict[int, list[dict]], batches: dict[int, list[dict]], path: Path) -> None:
    """Plots the time of the forward pass against problem size and against batch size."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout='constrained')
    for axis, runs, label in zip(axes, (sizes, batches), ('rows and columns', 'problems'), strict=True):
        for index, row in enumerate(next(iter(runs.values()))):
            middles = [statistics.median(rows[index]['forward']) for rows in runs.values()]
            axis.loglog(list(runs), middles, marker='o', label=row['name'])
        axis.set_xlabel(label)
        axis.set_xticks(list(runs), [str(value) for value in runs])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].set_ylabel('forward pass, ms')
    axes[1].legend(fontsize='small')
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--out-dir', type=Path, default=Path('work_dirs/bench_matching'), help='folder of time.png and times.json'
    )
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--threads', type=int, default=2, help='threads of the CPU')
    parser.add_argument('--batch', type=int, default=304, help='problems: 19 limb types of 16 images')
    parser.add_argument('--size', type=int, default=30, help='rows and columns of a problem')
    parser.add_argument(
        '--sizes', type=int, nargs='+', default=[5, 10, 20, 40], help='sizes of 64 problems in the plot'
    )
    parser.add_argument('--batches', type=int, nargs='+', default=[1, 8, 64, 256], help='of size 20 in the plot')
    parser.add_argument('--repeats', type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    solvers = solvers_for(device)

    def run(batch: int, size: int, kind: str = 'uniform', repeats: int = arguments.repeats) -> list[dict]:
        score = random_scores(batch, size, kind, device)
        return [measure(solver, score, repeats) for solver in solvers]

    where = f'{device}, {arguments.threads} threads, torch {torch.__version__}, {platform.machine()}'
    results = {}
    for kind in ('uniform', 'limbs'):
        results[kind] = run(arguments.batch, arguments.size, kind)
        print_table(results[kind], f'{arguments.batch} {kind} problems of {arguments.size} x {arguments.size}, {where}')
    sizes = {size: run(64, size, repeats=2) for size in arguments.sizes}
    batches = {batch: run(batch, 20, repeats=2) for batch in arguments.batches}
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    plot(sizes, batches, arguments.out_dir / 'time.png')
    (arguments.out_dir / 'times.json').write_text(json.dumps(dict(where=where, **results), indent=1))
    print(f'{arguments.out_dir}/time.png and times.json were written.')


if __name__ == '__main__':
    main()
