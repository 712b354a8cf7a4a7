"""BFloat16OptimWrapper: mixed precision without loss scaling, on CPUs too."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from mmhparse.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs forward passes of training under bfloat16 autocast; weights and optimizer stay in float32.

    bfloat16 has the range of float32, so gradients need no scaling. mmengine's AmpOptimWrapper does the same with a
    scaler, and refuses CPUs. On CPUs, dilated depthwise convolutions stay in float32 (:func:`keep_dilated_in_float32`).

    Args:
        **kwargs: Arguments of mmengine's OptimWrapper.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        device = next(model.parameters()).device.type
        if device == 'cpu':
            keep_dilated_in_float32(model)
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield


class InFloat32(nn.Module):
    """Put before the class of a layer: autocast leaves the layer in the type of its weights."""

    weight: Tensor

    def forward(self, input: Tensor) -> Tensor:
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(self.weight.dtype))

    def __reduce_ex__(self, protocol):
        # the class is made at run time, where pickle does not look for classes
        return _new_in_float32, (type(self).__bases__[1],), self.__dict__


@cache
def in_float32(layer: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """The class of a convolution, left in float32 by autocast; a forward pass of its own stays."""
    return type(f'{layer.__name__}InFloat32', (InFloat32, layer), {})


def _new_in_float32(layer: type[nn.Conv2d]) -> nn.Conv2d:
    made = in_float32(layer)
    return made.__new__(made)


def keep_dilated_in_float32(model: nn.Module) -> None:
    """Leaves each dilated depthwise convolution of a model in float32 under autocast, with the same weights.

    oneDNN computes wrong gradients of their weights in bfloat16: seen with oneDNN 3.12 (torch 2.13) and inputs in
    channels-last order of 29 and more columns, where the gradient is unrelated to the right one or reads foreign
    memory, up to 1e35 and NaN. Inputs of fewer columns, and dilation 1, have the right one.
    """
    for module in model.modules():
        if not isinstance(module, nn.Conv2d) or isinstance(module, InFloat32):
            continue
        if module.groups > 1 and module.weight.shape[1] == 1 and max(module.dilation) > 1:
            module.__class__ = in_float32(type(module))
