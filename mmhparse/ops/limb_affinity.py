"""The compiled limb affinity, with autograd and fake kernels for ``torch.compile`` and ``torch.export``."""

import torch
from torch import Tensor, library

from .backend import has_kernel, load_extension

_HALF = (torch.float16, torch.bfloat16)


def limb_affinity(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    """How well limb fields support each possible link; see :func:`mmhparse.codecs.candidates_to_problems`.

    Differentiable in the fields, once; candidates have no gradient. Fields in float16 and bfloat16 are read as float32.

    On a CPU the gradient does not depend on the number of threads. On a GPU many links add to one cell in any order, so
    that its last bits differ from run to run; ``torch.use_deterministic_algorithms`` then raises an error or warns, as
    it does for the gradient of the reference, which reads fields by :func:`torch.nn.functional.grid_sample`.

    Args:
        xy: (B, K, N, 2) float32 or float64; N candidates for each of K joint types, in pixels of the network input.
        limb_fields: (B, L, 2, h, w) of the same type, or half precision beside candidates in float32; at least 2 x 2
            cells.
        limbs: (L, 2) int64; the joint types at the two ends of each limb.
        stride: Pixels per cell; at least 1.
        samples: Points along a link at which the field is sampled; at least 1.

    Returns:
        (B, L, N, N) of the type of ``xy``; the affinity of each candidate at the first end with each at the second.

    Raises:
        ValueError: If an argument has a wrong shape, is out of its range or on another device than the fields. On a
            GPU a limb that names a joint type outside 0 to K - 1 fails a device-side assertion, as torch's indexing
            does.
        TypeError: If a tensor has another type.
        NotImplementedError: If ``xy`` needs a gradient.
        RuntimeError, AttributeError: If the op was not built; :func:`has_limb_affinity` tells in advance.
    """
    if limb_fields.dtype in _HALF and xy.dtype == torch.float32:
        limb_fields = limb_fields.float()
    return torch.ops.mmhparse.limb_affinity(xy, limb_fields, limbs, stride, samples)


def has_limb_affinity(xy: Tensor, limb_fields: Tensor) -> bool:
    """Whether the compiled op can replace the reference: it was built for the device, and ``xy`` needs no gradient."""
    types = (xy.dtype, limb_fields.dtype)
    supported = types == (torch.float64, torch.float64) or (
        xy.dtype == torch.float32 and limb_fields.dtype in (torch.float32, *_HALF)
    )
    supported &= min(limb_fields.shape[-2:]) > 1 and not (torch.is_grad_enabled() and xy.requires_grad)
    return supported and all(has_kernel(op, limb_fields.device) for op in ('limb_affinity', 'limb_affinity_backward'))


def pair_affinity(xy: Tensor, limb_fields: Tensor, limbs: Tensor, links: Tensor, stride: int, samples: int) -> Tensor:
    """What :func:`limb_affinity` says of the listed links alone; on the CPU, without a gradient.

    Args:
        xy, limb_fields, limbs, stride, samples: As of :func:`limb_affinity`, of one floating point type.
        links: (E, 3) int64; b * L + l, candidate of limb l's first end, candidate of its second.

    Returns:
        (E,) of the type of ``xy``.

    Raises:
        ValueError, TypeError: As :func:`limb_affinity`, and if a link names a limb or candidate that there is not.
    """
    return torch.ops.mmhparse.pair_affinity(xy, limb_fields, limbs, links, stride, samples)


def has_pair_affinity(xy: Tensor, limb_fields: Tensor) -> bool:
    """Whether the compiled op can score listed links: it was built, and both are of one type and on the CPU."""
    supported = xy.dtype == limb_fields.dtype and xy.dtype in (torch.float32, torch.float64)
    supported &= min(limb_fields.shape[-2:]) > 1 and limb_fields.device.type == 'cpu'
    return supported and has_kernel('pair_affinity', limb_fields.device)


def _fake_forward(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    candidates = xy.shape[2]
    return xy.new_empty(*limb_fields.shape[:2], candidates, candidates)  # (B, L, N, N)


def _fake_backward(
    grad_affinity: Tensor, xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int
) -> Tensor:
    return torch.empty(limb_fields.shape, dtype=limb_fields.dtype, device=limb_fields.device)


def _setup_context(ctx, inputs: tuple, output: Tensor) -> None:
    if ctx.needs_input_grad[0]:
        raise NotImplementedError(
            'limb_affinity has no gradient with respect to xy: detach the candidates, or use '
            'mmhparse.codecs.candidates_to_problems, which then runs in PyTorch.'
        )
    xy, limb_fields, limbs, ctx.stride, ctx.samples = inputs
    ctx.save_for_backward(xy, limb_fields, limbs)


def _backward(ctx, grad_affinity: Tensor) -> tuple:
    grad = torch.ops.mmhparse.limb_affinity_backward(grad_affinity, *ctx.saved_tensors, ctx.stride, ctx.samples)
    return None, grad, None, None, None


def _refuse_second_derivative(ctx, *_grads: Tensor) -> None:
    raise NotImplementedError('limb_affinity can be differentiated only once: it has no second derivative.')


if load_extension():
    library.register_fake('mmhparse::limb_affinity', _fake_forward)
    library.register_fake('mmhparse::limb_affinity_backward', _fake_backward)
    library.register_autograd('mmhparse::limb_affinity', _backward, setup_context=_setup_context)
    library.register_autograd('mmhparse::limb_affinity_backward', _refuse_second_derivative)
