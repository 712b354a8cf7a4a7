"""The compiled projected gradient: fake kernels and autograd, for ``torch.compile`` and ``torch.export`` too."""

import torch
from torch import Tensor, library

from .backend import load_extension

_MOST_TRACE_BYTES = 64 * 2**20
_MOST_LANES = 16
"""Numbers in the widest vector register: arrays are padded to multiples of them."""


def projected_gradient(score: Tensor, steps: int, step_size: float, cycles: int) -> tuple[Tensor, Tensor]:
    """Relaxed matchings by projected gradient; see :class:`mmhparse.matching.ProjectedGradient` for the mathematics.

    Neither pass keeps a float array per step. The backward pass needs to know which entries each projection left
    positive and which sums it capped: where the gradient will be asked for, the forward pass keeps these bits on a CPU
    if they take at most 64 MiB; otherwise the backward pass runs the steps again.

    Args:
        score: (B, N, M) float32 or float64; finite. Entries of 0 or less are never linked.
        steps: Gradient steps; at least 1.
        step_size: Length of a step; above 0.
        cycles: Dykstra cycles in a projection, or 0 for exact projections.

    Returns:
        The plans (B, N, M), differentiable in the score, and how far the last step moved each (B,), sum of abs.

    Raises:
        ValueError: If an argument is out of its range.
        TypeError: If the score has another type.
        RuntimeError, AttributeError: If the op was not built; :func:`mmhparse.ops.choose_backend` tells before.
    """
    trace_bytes = 0
    if score.device.type == 'cpu' and score.requires_grad and torch.is_grad_enabled() and score.ndim == 3:
        trace_bytes = _trace_bytes(score.shape[1], score.shape[2], steps * max(2 * cycles, 1))
        trace_bytes = trace_bytes if len(score) * trace_bytes <= _MOST_TRACE_BYTES else 0
    return torch.ops.mmhparse.projected_gradient(score, steps, step_size, cycles, trace_bytes)[:2]


def _trace_bytes(rows: int, columns: int, projections: int) -> int:
    """How many bytes the bits of a problem take at most: one for each entry, and a byte for each row and column."""
    words = max(rows * _up_to(columns, 32) // 32, _up_to(rows, 32) // 32 * _up_to(columns, _MOST_LANES))
    capped = rows + _up_to(columns, _MOST_LANES)
    return _up_to(projections * 4 * words, 64) + _up_to(projections * capped, 64) + 64


def _up_to(count: int, multiple: int) -> int:
    return (count + multiple - 1) // multiple * multiple


def _fake_forward(
    score: Tensor, steps: int, step_size: float, cycles: int, trace_bytes: int
) -> tuple[Tensor, Tensor, Tensor]:
    plan = torch.empty(score.shape, dtype=score.dtype, device=score.device)
    return plan, score.new_empty(score.shape[0]), score.new_empty((score.shape[0], trace_bytes), dtype=torch.uint8)


def _fake_backward(
    grad_plan: Tensor, score: Tensor, trace: Tensor, steps: int, step_size: float, cycles: int
) -> Tensor:
    return torch.empty(score.shape, dtype=score.dtype, device=score.device)


def _setup_context(ctx, inputs: tuple, output: tuple) -> None:
    score, ctx.steps, ctx.step_size, ctx.cycles, _ = inputs
    ctx.save_for_backward(score, output[2])


def _backward(ctx, grad_plan: Tensor, _grad_moved: Tensor, _grad_trace: None) -> tuple:
    options = ctx.steps, ctx.step_size, ctx.cycles
    grad = torch.ops.mmhparse.projected_gradient_backward(grad_plan, *ctx.saved_tensors, *options)
    return grad, None, None, None, None


def _refuse(ctx, *_grads: Tensor) -> None:
    raise NotImplementedError('projected_gradient is differentiable once only: it has no gradient of its gradient.')


if load_extension():
    library.register_fake('mmhparse::projected_gradient', _fake_forward)
    library.register_fake('mmhparse::projected_gradient_backward', _fake_backward)
    library.register_autograd('mmhparse::projected_gradient', _backward, setup_context=_setup_context)
    library.register_autograd('mmhparse::projected_gradient_backward', _refuse)
