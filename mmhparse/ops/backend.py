"""The choice between the compiled ops and their PyTorch references."""

import importlib
import warnings
from functools import cache
from typing import Literal

import torch

Backend = Literal['auto', 'compiled', 'reference']

_SOLVING = ('projected_gradient', 'projected_gradient_backward')
_READING = ('likeliest_parts', 'read_parts', 'read_parsing')
_ALL = (*_SOLVING, 'limb_affinity', 'limb_affinity_backward', 'pair_affinity', *_READING)
_REMEDY = (
    'Build it with `pip install --no-build-isolation -e .` in a clone of mmhparse, with a C++ compiler installed and '
    'without MMHPARSE_WITH_OPS=0; for GPUs also with nvcc and a CUDA build of torch (set FORCE_CUDA=1 if the machine '
    "that builds has no GPU). Or use backend='reference', which computes the same results more slowly."
)


@cache
def load_extension() -> bool:
    """Loads the compiled ops if they were built, and returns whether all of them are available."""
    try:
        importlib.import_module('._ext', __package__)  # registers the ops
    except ModuleNotFoundError:
        return False
    except ImportError as error:
        warnings.warn(
            f'The compiled ops of mmhparse cannot be loaded, and the slower PyTorch reference is used: {error}. '
            'They were probably built for another version of torch; rebuild them.',
            stacklevel=2,
        )
        return False
    missing = [name for name in _ALL if not hasattr(torch.ops.mmhparse, name)]
    if missing:
        warnings.warn(
            f'The compiled ops of mmhparse lack {missing}, and the slower PyTorch reference is used for all: they were '
            'built from another version of the sources. Rebuild them.',
            stacklevel=2,
        )
    return not missing


def has_kernel(op: str, device: torch.device) -> bool:
    """Whether the op ``mmhparse::<op>`` was built for a type of device; for ``'meta'``, whether it tells shapes."""
    if not load_extension():
        return False
    key = torch._C._dispatch_key_for_device(device.type)  # 'Meta' of 'meta', 'PrivateUse1' of 'privateuseone'
    return torch._C._dispatch_has_kernel_for_dispatch_key(f'mmhparse::{op}', key)


def compiled_devices() -> list[str]:
    """The device types, of ``'cpu'`` and ``'cuda'``, that projected gradient was built for."""
    return [name for name in ('cpu', 'cuda') if all(has_kernel(op, torch.device(name)) for op in _SOLVING)]


def choose_backend(backend: Backend, device: torch.device) -> Literal['compiled', 'reference']:
    """The implementation to use on a device: with ``'auto'`` the compiled op where it was built for the device.

    Raises:
        ImportError: If ``'compiled'`` is requested and was not built for the device.
    """
    if backend == 'reference':
        return 'reference'
    if device.type in compiled_devices():
        return 'compiled'
    if backend == 'compiled':
        raise ImportError(f"backend='compiled' was requested, but mmhparse has no compiled op for {device}. {_REMEDY}")
    return 'reference'
