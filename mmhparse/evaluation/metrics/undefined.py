"""Metrics of a set with nothing to find: NaN and a warning, so that a training goes on."""

from collections.abc import Sequence

from mmengine.logging import MMLogger


def undefined_metrics(names: Sequence[str], reason: str) -> dict[str, float]:
    """NaN for each name, and a warning that says why."""
    MMLogger.get_current_instance().warning(f'{", ".join(names)} are NaN: {reason}')
    return dict.fromkeys(names, float('nan'))
