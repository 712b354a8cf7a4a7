"""Which implementation computes: the compiled op or the PyTorch reference."""

import importlib
import warnings
from functools import cache
from typing import Literal

import torch

Backend = Literal['auto', 'compiled', 'reference']

_SOLVING = ('projected_gradient', 'projected_gradient_backward')
_ALL = (*_SOLVING, 'limb_affinity')
_REMEDY = (
    'Build it with `pip install --no-build-isolation -e .` in a clone of mmhparse, with a C++ compiler at hand and '
    'without MMHPARSE_WITH_OPS=0; for GPUs with nvcc and a CUDA build of torch as well (FORCE_CUDA=1 where no GPU is '
    "seen while building). Or take backend='reference', which computes the same, slower."
)


@cache
def load_extension() -> bool:
    """Loads the compiled ops, if they were built; whether they are there."""
    try:
        importlib.import_module('._ext', __package__)  # registers the ops
    except ModuleNotFoundError:
        return False
    except ImportError as error:
        warnings.warn(
            f'The compiled ops of mmhparse cannot be loaded, and the slower PyTorch reference is used: {error}. '
            'They were probably built for another torch; build them again.',
            stacklevel=2,
        )
        return False
    missing = [name for name in _ALL if not hasattr(torch.ops.mmhparse, name)]
    if missing:
        warnings.warn(
            f'The compiled ops of mmhparse lack {missing}, and the slower PyTorch reference is used for all: they were '
            'built for another version. Build them again.',
            stacklevel=2,
        )
    return not missing


def has_kernel(op: str, device: torch.device) -> bool:
    """Whether the op ``mmhparse::<op>`` was built for the kind of a device."""
    return load_extension() and torch._C._dispatch_has_kernel_for_dispatch_key(f'mmhparse::{op}', device.type.upper())


def compiled_devices() -> list[str]:
    """The device types that projected gradient was built for: of ``'cpu'`` and ``'cuda'``."""
    return [name for name in ('cpu', 'cuda') if all(has_kernel(op, torch.device(name)) for op in _SOLVING)]


def choose_backend(backend: Backend, device: torch.device) -> Literal['compiled', 'reference']:
    """What computes on a device: the compiled op where there is one, unless another choice was made.

    Raises:
        ImportError: If ``'compiled'`` was asked for and was not built for the device.
    """
    if backend == 'reference':
        return 'reference'
    if device.type in compiled_devices():
        return 'compiled'
    if backend == 'compiled':
        raise ImportError(f"backend='compiled' was asked for, but mmhparse has no compiled op for {device}. {_REMEDY}")
    return 'reference'
