"""The compiled limb affinity, for decoding; without a gradient."""

import torch
from torch import Tensor, library

from .backend import has_kernel, load_extension


def limb_affinity(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    """How well limb fields agree with each possible link; see :func:`mmhparse.codecs.candidates_to_problems`.

    Args:
        xy: (B, K, N, 2) float32; N candidates for each of K joint types, in pixels of the network input.
        limb_fields: (B, L, 2, h, w) float32; 2 x 2 cells or more.
        limbs: (L, 2) int64; the joint types that each limb joins.
        stride: Pixels per cell.
        samples: Points along a link at which the field is read.

    Returns:
        (B, L, N, N).

    Raises:
        ValueError, TypeError: If an argument is not of that kind.
    """
    return torch.ops.mmhparse.limb_affinity(xy, limb_fields, limbs, stride, samples)


def has_limb_affinity(xy: Tensor, limb_fields: Tensor) -> bool:
    """Whether the compiled op can stand in for the reference: built for the device, and no gradient is wanted."""
    wants_gradient = torch.is_grad_enabled() and (xy.requires_grad or limb_fields.requires_grad)
    fits = xy.dtype == limb_fields.dtype == torch.float32 and min(limb_fields.shape[-2:]) > 1
    return fits and not wants_gradient and has_kernel('limb_affinity', limb_fields.device)


def _fake(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    most = xy.shape[2]
    return xy.new_empty(*limb_fields.shape[:2], most, most)


if load_extension():
    library.register_fake('mmhparse::limb_affinity', _fake)
