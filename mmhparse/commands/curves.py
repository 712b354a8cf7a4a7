"""Learning curves: losses and metrics over iterations, from the logs in a work folder."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from mmhparse.utils import UsageError

from .metrics_file import HEADLINE_METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# values that LoggerHook writes beside losses and metrics
_NOT_CURVES = {
    'iter',
    'epoch',
    'step',
    'lr',
    'base_lr',
    'time',
    'data_time',
    'memory',
    'momentum',
    'grad_norm',
    'data_wait',
}


def read_log(work_dir: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Reads the curves of a work folder, over all runs of its training.

    A resumed run continues the one before it; a run from the start replaces all before it.

    Args:
        work_dir: Work folder of the Runner.

    Returns:
        Name of each loss or metric to its steps (N,) and values (N,).

    Raises:
        UsageError: If the folder holds no log, or one that is broken.
    """
    try:
        files = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    except OSError as error:
        raise UsageError(f"The folder '{work_dir}' cannot be searched for a training log: {error.strerror}.") from error
    records: list[dict] = []
    for file in files:
        run = _read_run(file)
        if run:
            records = [record for record in records if record['step'] < run[0]['step']] + run
    if not records:
        raise UsageError(
            f"There is no training log in '{work_dir}' (searched */vis_data/scalars.json): give the work folder of a "
            'training whose visualizer has a LocalVisBackend.'
        )
    curves: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        for name, value in record.items():
            if name not in _NOT_CURVES and isinstance(value, int | float) and math.isfinite(value):
                curves.setdefault(name, []).append((record['step'], value))
    return {name: tuple(np.array(points, dtype=float).T) for name, points in curves.items()}


def _read_run(file: Path) -> list[dict]:
    """The lines of a log, without a last one that was not completed when its run was killed."""
    lines = [line for line in file.read_bytes().split(b'\n') if line.strip()]
    run = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if not isinstance(record.get('step'), int):
                raise ValueError('it has no step')
            run.append(record)
        except (ValueError, AttributeError) as error:
            if number < len(lines):
                raise UsageError(f"'{file}', line {number} is no line of a log ({error}): remove it.") from error
    return run


def draw_curves(work_dir: str | Path, out_file: str | Path) -> Path:
    """Draws the losses (logarithmic) and the headline metrics (or all, without those) of a training side by side.

    Args:
        work_dir: As for :func:`read_log`.
        out_file: The picture.

    Returns:
        Path of the picture.

    Raises:
        UsageError: If the folder holds no log.
    """
    from matplotlib.figure import Figure  # here, so that commands that draw no curves start half a second sooner

    curves = read_log(work_dir)
    losses = {name: curve for name, curve in curves.items() if 'loss' in name}
    headline = [name for name in HEADLINE_METRICS if name in curves]
    metrics = {name: curves[name] for name in headline or curves if name not in losses}
    panels: list[tuple[Literal['loss', 'metric'], dict]] = [('loss', losses), ('metric', metrics)]
    panels = [panel for panel in panels if panel[1]]
    figure = Figure(figsize=(7 * len(panels), 4.5), layout='constrained')
    for axes, (title, group) in zip(
        figure.subplots(1, len(panels), squeeze=False, sharex=True)[0], panels, strict=True
    ):
        _draw_panel(axes, title, group)
    out_file = Path(out_file)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out_file, dpi=120)
    return out_file


def _draw_panel(
    axes: 'Axes', title: Literal['loss', 'metric'], curves: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    from matplotlib.ticker import MaxNLocator

    for name, (steps, values) in curves.items():
        total = name == 'loss'
        axes.plot(
            steps,
            values,
            label=name,
            color='black' if total else None,
            linewidth=2 if total else 1.2,
            marker='o' if title == 'metric' else None,
            markersize=4,
        )
    if title == 'loss':
        axes.set_yscale('log')
    else:
        axes.set_ylim(-0.02, 1.02)
    axes.set(xlabel='iteration', ylabel=title)
    axes.grid(alpha=0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize='small', loc='upper left', bbox_to_anchor=(1, 1), frameon=False)
