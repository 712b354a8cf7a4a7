"""What several trainings with different seeds have in common, as text."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student


def seed_interval(values: Sequence[float]) -> str:
    """Mean and half the 95 % interval (Student's t) of a measure over seeds; the value alone for one seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f'{mean:.3f}'
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return f'{mean:.3f} ± {half:.3f}'
