"""The compiled projected gradient: fake kernels and autograd, for ``torch.compile`` and ``torch.export`` too."""

import torch
from torch import Tensor

from .backend import load_extension


def projected_gradient(score: Tensor, steps: int, step_size: float, cycles: int) -> tuple[Tensor, Tensor]:
    """Relaxed matchings by projected gradient; see :class:`mhparse.matching.ProjectedGradient` for the mathematics.

    Neither pass keeps an array per step: the backward pass runs the steps again and remembers bits.

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
        RuntimeError, AttributeError: If the op was not built; :func:`mhparse.ops.choose_backend` tells before.
    """
    return torch.ops.mhparse.projected_gradient(score, steps, step_size, cycles)


def _fake_forward(score: Tensor, steps: int, step_size: float, cycles: int) -> tuple[Tensor, Tensor]:
    return torch.empty(score.shape, dtype=score.dtype, device=score.device), score.new_empty(score.shape[0])


def _fake_backward(grad_plan: Tensor, score: Tensor, steps: int, step_size: float, cycles: int) -> Tensor:
    return torch.empty(score.shape, dtype=score.dtype, device=score.device)


def _setup_context(ctx, inputs: tuple, output: tuple) -> None:
    score, ctx.steps, ctx.step_size, ctx.cycles = inputs
    ctx.save_for_backward(score)


def _backward(ctx, grad_plan: Tensor, _grad_moved: Tensor) -> tuple:
    (score,) = ctx.saved_tensors
    grad = torch.ops.mhparse.projected_gradient_backward(grad_plan, score, ctx.steps, ctx.step_size, ctx.cycles)
    return grad, None, None, None


def _refuse(ctx, *_grads: Tensor) -> None:
    raise NotImplementedError('projected_gradient is differentiable once only: it has no gradient of its gradient.')


if load_extension():
    torch.library.register_fake('mhparse::projected_gradient', _fake_forward)
    torch.library.register_fake('mhparse::projected_gradient_backward', _fake_backward)
    torch.library.register_autograd('mhparse::projected_gradient', _backward, setup_context=_setup_context)
    torch.library.register_autograd('mhparse::projected_gradient_backward', _refuse)
