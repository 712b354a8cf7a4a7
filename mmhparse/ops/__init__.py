"""Compiled ops, built mmcv's way; everything that they compute has a reference in PyTorch.

That of projected gradient is in :mod:`mmhparse.matching`, that of limb affinity in :mod:`mmhparse.codecs`.
"""

from .backend import Backend, choose_backend, compiled_devices
from .limb_affinity import has_limb_affinity, limb_affinity
from .projected_gradient import projected_gradient

__all__ = ['Backend', 'choose_backend', 'compiled_devices', 'has_limb_affinity', 'limb_affinity', 'projected_gradient']
