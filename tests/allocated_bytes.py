"""What torch allocates while a function runs, inside of operators too."""

import warnings
from collections.abc import Callable

import numpy as np
import torch


def peak_bytes(function: Callable[[], object]) -> int:
    """Most bytes alive at once that ``function`` allocated on the CPU; arrays of NumPy are not counted."""
    with (
        warnings.catch_warnings(),
        torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile,
    ):
        warnings.simplefilter('ignore')
        function()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == '[memory]']
    return int(np.cumsum([event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]).max())
