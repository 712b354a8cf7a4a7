"""Compiled ops, laid out as in mmcv; each has a reference implementation in PyTorch.

The reference of projected gradient is in :mod:`mmhparse.matching`, that of limb affinity in :mod:`mmhparse.codecs`.
"""

from .backend import Backend, choose_backend, compiled_devices
from .limb_affinity import has_limb_affinity, limb_affinity
from .projected_gradient import projected_gradient

__all__ = ['Backend', 'choose_backend', 'compiled_devices', 'has_limb_affinity', 'limb_affinity', 'projected_gradient']
