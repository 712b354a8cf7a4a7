"""Compiled ops, built mmcv's way; everything they compute has a reference in PyTorch, in :mod:`mhparse.matching`."""

from .backend import Backend, choose_backend, compiled_devices
from .projected_gradient import projected_gradient

__all__ = ['Backend', 'choose_backend', 'compiled_devices', 'projected_gradient']
