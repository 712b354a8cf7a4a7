"""trial: to pass something through a module and leave no trace in it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def trial(module: nn.Module) -> Iterator[torch.device]:
    """Puts a module into evaluation mode without gradients, and all as it was afterwards.

    Neither weights, nor running statistics, nor random numbers change.

    Yields:
        The device of the module.
    """
    modes = {part: part.training for part in module.modules()}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        module.eval()
        yield next((parameter.device for parameter in module.parameters()), torch.device('cpu'))
    for part, training in modes.items():
        part.training = training
