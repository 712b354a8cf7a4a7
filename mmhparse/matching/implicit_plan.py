"""The gradient of an entropic transport plan by implicit differentiation of the Sinkhorn fixed point."""

from typing import Any

import torch
from torch import Tensor

_CHUNKS = 8
"""The backward pass takes a batch in so many chunks, so that only one of them has its matrices in memory."""


class ImplicitPlan(torch.autograd.Function):
    """The plan min(P, 1), P = exp(log_kernel + f + g), at potentials that a Sinkhorn iteration leaves unchanged.

    Inputs: log_kernel (B, N, M), f (B, N, 1), g (B, 1, M) and tau; only the kernel has a gradient.

    The gradient is that of the fixed point: with row shares S = P / (P 1) and column shares Q = P / (1^T P), a change
    dK of the log kernel changes the potentials by

        df = -tau ((S * dK) 1 + S dg),    dg = -tau ((Q * dK)^T 1 + Q^T df).

    Let G be the gradient with respect to log P. The adjoint of these equations is solved for the vectors X (of
    rows) and Y (of columns),

        X = -tau (G 1 + Q Y),    Y = -tau (G^T 1 + S^T X),

    by eliminating X, and the gradient with respect to the kernel is G + X 1^T * S + 1 Y^T * Q. This is the implicit
    function theorem for the dual problem with the Hessian ((diag(P 1) / tau, P), (P^T, diag(P^T 1) / tau)); with shares
    in place of P it stays finite for any gain. With hard marginals (tau = 1) the potentials are determined up to
    a constant added to f and taken from g, and Y up to a multiple of P^T 1, which cancels in the gradient.
    """

    @staticmethod
    def forward(ctx: Any, log_kernel: Tensor, f: Tensor, g: Tensor, tau: float) -> Tensor:
        log_plan = log_kernel + f + g  # (B, N, M)
        ctx.save_for_backward(log_plan)
        ctx.tau = tau
        return log_plan.clamp(max=0).exp_()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (log_plan,) = ctx.saved_tensors
        result = torch.empty_like(log_plan)
        chunks = (each.tensor_split(_CHUNKS) for each in (result, log_plan, *grads))
        for target, log_chunk, grad_chunk in zip(*chunks, strict=True):
            target.copy_(_gradient_by_kernel(log_chunk, grad_chunk, ctx.tau))
        return result, None, None, None


def _gradient_by_kernel(log_plan: Tensor, grad: Tensor, tau: float) -> Tensor:
    """(B, N, M); the gradient with respect to the log kernel, from that with respect to the plan."""
    if log_plan.shape[1] < log_plan.shape[2]:  # the linear system has the size of the columns: let them be fewer
        return _gradient_by_kernel(log_plan.mT, grad.mT, tau).mT
    row_share, column_share = log_plan.softmax(2), log_plan.softmax(1)  # S and Q, (B, N, M)
    # with respect to log P; where P > 1, the plan is constant
    grad = torch.where(log_plan <= 0, grad * log_plan.clamp(max=0).exp(), 0)
    row_sum, column_sum = grad.sum(2)[..., None], grad.sum(1)[..., None]  # (B, N, 1), (B, M, 1)
    # the ridge keeps the matrix regular with hard marginals, and where the plan decomposes into isolated pairs
    ridge = 10 * torch.finfo(grad.dtype).eps
    identity = torch.eye(grad.shape[2], dtype=grad.dtype, device=grad.device)
    matrix = (1 + ridge) * identity - tau**2 * row_share.mT @ column_share  # (B, M, M)
    y = torch.linalg.solve(matrix, tau * (tau * row_share.mT @ row_sum - column_sum))  # (B, M, 1)
    x = -tau * (row_sum + column_share @ y)  # (B, N, 1)
    return grad + x * row_share + y.mT * column_share  # (B, N, M)
