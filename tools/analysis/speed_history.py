"""How the times of benchmarks went from run to run: a figure with a small panel for the rows of each target."""

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmhparse.commands import Speed

_COLUMNS = 2
_MOST_LABELS = 6
"""Runs of a panel that are labelled; there is no room for more."""


@dataclass(frozen=True)
class Panel:
    """The times of some rows of one benchmark.

    Attributes:
        bench: Benchmark.
        runs: Day and commit of each run, oldest first.
        times: Median milliseconds in each run, by what was timed; NaN where it was not.
        most: The target of them all, in milliseconds, if it is a time.
    """

    bench: str
    runs: tuple[str, ...]
    times: dict[str, tuple[float, ...]]
    most: float | None


def panels_of(speeds: Sequence[Speed], targets: Mapping[tuple[str, str], float | None]) -> list[Panel]:
    """The panels of a history, in the order of the benchmarks.

    Only runs on the machine of the newest one, with as many threads, can be compared with it. Of two runs of one commit
    on one day, the last times count.

    Args:
        speeds: The history, oldest first.
        targets: Of each benchmark and row to show, the target if it is a time, otherwise None. Rows of one benchmark
            with one target share a panel.
    """
    newest = {speed.bench: speed for speed in speeds}
    panels = []
    for bench, last in newest.items():
        own = [
            each for each in speeds if (each.bench, each.machine, each.threads) == (bench, last.machine, last.threads)
        ]
        runs = list(dict.fromkeys(speed.run for speed in own))
        medians = {(speed.run, speed.what): speed.median for speed in own}
        labels = {speed.run: f'{speed.day}\n{_commit_of(speed)}' for speed in own}
        timed = {speed.what for speed in own}
        rows = {what: most for (name, what), most in targets.items() if name == bench and what in timed}
        for most in dict.fromkeys(rows.values()):
            times = {
                what: tuple(medians.get((run, what), math.nan) for run in runs)
                for what, own_most in rows.items()
                if own_most == most
            }
            panels.append(Panel(bench, tuple(labels[run] for run in runs), times, most))
    return panels


def draw_history(panels: Sequence[Panel]) -> bytes:
    """The figure of one panel or more, as PNG; its text 'Comment' is :func:`fingerprint_of` these."""
    rows = math.ceil(len(panels) / _COLUMNS)
    figure = Figure(figsize=(10, 2.3 * rows), layout='constrained')
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axis, panel in zip(grid, panels, strict=False):
        _draw_panel(axis, panel)
    for axis in grid[len(panels) :]:
        axis.remove()
    content = io.BytesIO()
    figure.savefig(content, format='png', dpi=120, metadata={'Comment': fingerprint_of(panels)})
    return content.getvalue()


def fingerprint_of(panels: Sequence[Panel]) -> str:
    """Tells panels from others, so that a figure can be recognised as theirs."""
    return hashlib.sha256(json.dumps([asdict(panel) for panel in panels]).encode()).hexdigest()


def _draw_panel(axis: Axes, panel: Panel) -> None:
    for what, times in panel.times.items():
        known = [place for place, time in enumerate(times) if not math.isnan(time)]
        axis.plot(known, [times[place] for place in known], marker='o', markersize=4, label=what.replace('`', ''))
    if panel.most is not None:
        axis.axhline(panel.most, color='black', linestyle='--', linewidth=1)
        place = axis.get_yaxis_transform()  # x from 0 to 1, y in ms
        axis.text(0.99, panel.most, f'target {panel.most:.3g}', transform=place, ha='right', va='bottom', fontsize=8)
    single = len(panel.times) == 1
    title = ': '.join([panel.bench, *panel.times]) if single else panel.bench
    axis.set_title(title.replace('`', ''), fontsize=9)
    if not single:
        axis.legend(fontsize=7, loc='upper left')
    last = len(panel.runs) - 1
    step = max(1, math.ceil(last / (_MOST_LABELS - 1)))
    places = range(last, -1, -step)  # the newest run always
    axis.set_xticks(list(places), [panel.runs[place] for place in places], fontsize=8)
    axis.tick_params(axis='y', labelsize=8)
    highest = max(
        time for times in (*panel.times.values(), [panel.most or 0]) for time in times if not math.isnan(time)
    )
    room = 1.2 if single else 1.15 + 0.15 * len(panel.times)  # for the legend above all lines
    axis.set(xlim=(-0.5, last + 0.5), ylim=(0, room * highest))
    axis.set_ylabel('ms', fontsize=8)
    axis.grid(alpha=0.3)


def _commit_of(speed: Speed) -> str:
    """The commit of a run, as short as it is written."""
    return speed.software.partition(', torch')[0].removeprefix('commit ').replace(', ', '\n')
