"""pyramid_shape: the levels of a backbone, found by a forward pass."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SIDE = 128
"""Height of the image that is tried; its width is twice that. All usual strides divide it."""


@dataclass(frozen=True)
class PyramidShape:
    """Levels of features, finest first.

    Attributes:
        channels: Channels of each level.
        strides: Input pixels per cell of each level.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]


def pyramid_shape(backbone: nn.Module) -> PyramidShape:
    """The levels of a backbone of any library.

    OpenMMLab's backbones have no common attribute for their channels and strides, so one black image is passed through.

    Args:
        backbone: (B, 3, H, W) to a sequence of (B, channels, h, w), finest first.

    Raises:
        ValueError: If the output is not a pyramid that a decoder can use.
    """
    name = type(backbone).__name__
    with trial(backbone) as device:
        features = backbone(torch.zeros(1, 3, SIDE, 2 * SIDE, device=device))
    if isinstance(features, Tensor) or len(features) < 2:
        raise ValueError(
            f'backbone {name} returns a single level of features, but a pyramid of two or more is needed: have it '
            'return its stages, for most backbones with out_indices=(0, 1, 2, 3).'
        )
    strides = tuple(_stride(feature, level, name) for level, feature in enumerate(features))
    if list(strides) != sorted(strides):
        raise ValueError(f'backbone {name} returns levels of strides {strides}, but the finest must come first.')
    return PyramidShape(tuple(feature.shape[1] for feature in features), strides)


def _stride(feature: Tensor | Sequence, level: int, name: str) -> int:
    """Input pixels per cell of one level."""
    if not isinstance(feature, Tensor) or feature.ndim != 4:
        kind = tuple(feature.shape) if isinstance(feature, Tensor) else type(feature).__name__
        raise ValueError(
            f'level {level} of backbone {name} must be a map (B, channels, h, w), got {kind}: have it return its '
            'features as maps, without class tokens.'
        )
    height, width = feature.shape[2:]
    stride = SIDE // height
    if (height * stride, width * stride) != (SIDE, 2 * SIDE):
        raise ValueError(
            f'level {level} of backbone {name} has {height}x{width} cells for an image of {SIDE}x{2 * SIDE} pixels: '
            'its stride must be a whole number, the same in height and width.'
        )
    return stride


@contextmanager
def trial(module: nn.Module) -> Iterator[torch.device]:
    """Puts a module into evaluation mode without gradients, and back as it was afterwards.

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
