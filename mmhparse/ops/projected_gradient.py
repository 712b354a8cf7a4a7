"""The compiled projected gradient, with autograd and fake kernels for ``torch.compile`` and ``torch.export``."""

import torch
from torch import Tensor, library

from .backend import load_extension

_MOST_TRACE_BYTES = 64 * 2**20
_MOST_LANES = 16
"""Numbers in the widest vector register; arrays are padded to a multiple of this."""


def projected_gradient(score: Tensor, steps: int, step_size: float, cycles: int) -> tuple[Tensor, Tensor]:
    """Relaxed matchings by projected gradient; see :class:`mmhparse.matching.ProjectedGradient` for the mathematics.

    Neither pass stores a float array per step. The backward pass needs to know which entries each projection left
    positive and which sums it capped. Where the score requires a gradient, the forward pass on a CPU keeps these bits
    if they take at most 64 MiB; otherwise the backward pass runs the steps again.

    Args:
        score: (B, N, M) float32 or float64; finite. Links with a score of 0 or less are never made.
        steps: Gradient steps; at least 1.
        step_size: Length of a step; above 0.
        cycles: Dykstra cycles in a projection, or 0 for exact projections.

    Returns:
        The plans (B, N, M), differentiable in the score, and how far the last step moved each, the sum of absolute
        changes (B,).

    Raises:
        ValueError: If an argument is out of its range.
        TypeError: If the score has another type.
        RuntimeError, AttributeError: If the op was not built; :func:`mmhparse.ops.choose_backend` tells in advance.
    """
    trace_bytes = 0
    if score.device.type == 'cpu' and score.requires_grad and torch.is_grad_enabled() and score.ndim == 3:
        trace_bytes = _trace_bytes(score.shape[1], score.shape[2], steps * max(2 * cycles, 1))
        trace_bytes = trace_bytes if len(score) * trace_bytes <= _MOST_TRACE_BYTES else 0
    return torch.ops.mmhparse.projected_gradient(score, steps, step_size, cycles, trace_bytes)[:2]


def _trace_bytes(rows: int, columns: int, projections: int) -> int:
    """An upper bound of the bytes that the trace of one problem takes.

    A projection takes a bit for each entry, in words of 32 bits along rows or along columns, and a byte for each row
    and column. Example: 20 x 30 with 10 steps of exact projections: max(20 * 1, 1 * 32) = 32 words and 32 + 32 = 64
    bytes per projection, hence 10 * 4 * 32 = 1280 and 10 * 64 = 640, and 64 for the number of steps: 1984 in all.
    """
    padded_rows, padded_columns = _round_up(rows, _MOST_LANES), _round_up(columns, _MOST_LANES)
    words = max(padded_rows * _round_up(columns, 32), _round_up(rows, 32) * padded_columns) // 32
    capped = padded_rows + padded_columns
    return _round_up(projections * 4 * words, 64) + _round_up(projections * capped, 64) + 64


def _round_up(count: int, multiple: int) -> int:
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


def _refuse_second_derivative(ctx, *_grads: Tensor) -> None:
    raise NotImplementedError('projected_gradient can be differentiated only once: it has no second derivative.')


if load_extension():
    library.register_fake('mmhparse::projected_gradient', _fake_forward)
    library.register_fake('mmhparse::projected_gradient_backward', _fake_backward)
    library.register_autograd('mmhparse::projected_gradient', _backward, setup_context=_setup_context)
    library.register_autograd('mmhparse::projected_gradient_backward', _refuse_second_derivative)
