"""SeedResults: measures of trainings with several seeds, kept in a file, and what the seeds have in common."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from mmhparse.utils import UsageError

Key = tuple[str, ...]
"""What was trained and measured, e.g. a variant and a decoder."""


class SeedResults:
    """Measures by key and seed, in a file of JSON lines, so that a comparison that broke off continues where it was.

    Args:
        file: What it holds is read; it need not exist.
        columns: Names of the entries of a key, in the lines of the file.
        measures: Names of the measures.

    Raises:
        UsageError: If a line of the file lacks one of these, as in files of other versions.
    """

    def __init__(self, file: Path, columns: Sequence[str], measures: Sequence[str]):
        self.file, self.columns, self.measures = file, tuple(columns), tuple(measures)
        self.values: dict[Key, dict[int, list[float]]] = {}
        for line in file.read_text().splitlines() if file.exists() else []:
            row = json.loads(line)
            missing = sorted({*self.columns, 'seed', *self.measures} - row.keys())
            if missing:
                raise UsageError(
                    f'{file} has a line without {", ".join(missing)}, as it is of another version: move it away. '
                    'Trainings that are there are not repeated.'
                )
            self._keep(tuple(row[name] for name in self.columns), row['seed'], row)

    def __contains__(self, key_and_seed: tuple[Key, int]) -> bool:
        key, seed = key_and_seed
        return seed in self.values.get(key, {})

    def add(self, seed: int, results: dict[Key, dict[str, float | None]]) -> None:
        """Keeps the measures of some keys, and writes them; None stands for what is not defined."""
        with self.file.open('a') as stream:
            for key, row in results.items():
                stream.write(json.dumps(dict(zip(self.columns, key, strict=True), seed=seed) | row) + '\n')
                self._keep(key, seed, row)

    def intervals(self, key: Key) -> list[str]:
        """Each measure of a key: its mean over seeds and half the 95 % interval (Student's t), or its only value."""
        return [_interval(column) for column in zip(*self.values[key].values(), strict=True)]

    def differences(self, key: Key, base: Key) -> list[str]:
        """Each measure less that of another key, paired by the seeds that both have; empty if there is none."""
        own, others = self.values[key], self.values.get(base, {})
        pairs = [np.subtract(own[seed], others[seed]) for seed in sorted(own.keys() & others.keys())]
        return [_interval(column.tolist()) for column in np.transpose(pairs)] if pairs else []

    def _keep(self, key: Key, seed: int, row: dict) -> None:
        numbers = [math.nan if row[name] is None else row[name] for name in self.measures]
        self.values.setdefault(key, {})[seed] = numbers


def _interval(values: Sequence[float]) -> str:
    """Mean and half the 95 % interval of a measure over seeds; the value alone for one seed, a dash if none has any."""
    if np.isnan(values).all():
        return '–'
    mean = float(np.mean(values))
    if len(values) < 2:
        return f'{mean:.3f}'
    half = stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / math.sqrt(len(values))
    return f'{mean:.3f} ± {half:.3f}'
