"""Compiled ops, laid out as in mmcv; each has a reference implementation in PyTorch or NumPy.

The reference of projected gradient is in :mod:`mmhparse.matching`, those of the others are in :mod:`mmhparse.codecs`.
"""

from .backend import Backend, choose_backend, compiled_devices
from .limb_affinity import has_limb_affinity, has_pair_affinity, limb_affinity, pair_affinity
from .parsing_maps import PixelAxes, has_parsing, likeliest_parts, read_parsing, read_parts
from .projected_gradient import projected_gradient

__all__ = [
    'Backend',
    'PixelAxes',
    'choose_backend',
    'compiled_devices',
    'has_limb_affinity',
    'has_pair_affinity',
    'has_parsing',
    'likeliest_parts',
    'limb_affinity',
    'pair_affinity',
    'projected_gradient',
    'read_parsing',
    'read_parts',
]
