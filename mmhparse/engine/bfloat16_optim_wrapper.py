"""BFloat16OptimWrapper: mixed precision without loss scaling, on CPUs too."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmhparse.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs forward passes of training under bfloat16 autocast; weights and optimizer stay in float32.

    bfloat16 has the range of float32, so gradients need no scaling. mmengine's AmpOptimWrapper does the same with a
    scaler, and refuses CPUs.

    Args:
        **kwargs: Arguments of mmengine's OptimWrapper.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield
