"""The compiled limb affinity, for decoding; it has no gradient."""

import torch
from torch import Tensor, library

from .backend import has_kernel, load_extension


def limb_affinity(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    """How well limb fields support each possible link; see :func:`mmhparse.codecs.candidates_to_problems`.

    Args:
        xy: (B, K, N, 2) float32; N candidates for each of K joint types, in pixels of the network input.
        limb_fields: (B, L, 2, h, w) float32; at least 2 x 2 cells.
        limbs: (L, 2) int64; the joint types at the two ends of each limb.
        stride: Pixels per cell; at least 1.
        samples: Points along a link at which the field is sampled; at least 1.

    Returns:
        (B, L, N, N) float32; the affinity of each candidate at the first end with each at the second.

    Raises:
        ValueError: If an argument has a wrong shape or is out of its range.
        TypeError: If a tensor has another type.
        RuntimeError, AttributeError: If the op was not built; :func:`has_limb_affinity` tells in advance.
    """
    return torch.ops.mmhparse.limb_affinity(xy, limb_fields, limbs, stride, samples)


def has_limb_affinity(xy: Tensor, limb_fields: Tensor) -> bool:
    """Whether the compiled op can replace the reference: it was built for the device, and no gradient is needed."""
    needs_gradient = torch.is_grad_enabled() and (xy.requires_grad or limb_fields.requires_grad)
    supported = xy.dtype == limb_fields.dtype == torch.float32 and min(limb_fields.shape[-2:]) > 1
    return supported and not needs_gradient and has_kernel('limb_affinity', limb_fields.device)


def _fake(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    candidates = xy.shape[2]
    return xy.new_empty(*limb_fields.shape[:2], candidates, candidates)  # (B, L, N, N)


if load_extension():
    library.register_fake('mmhparse::limb_affinity', _fake)
