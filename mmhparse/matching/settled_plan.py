"""The gradient of an entropic transport plan at the fixed point of Sinkhorn's sweeps, without the sweeps."""

import torch
from torch import Tensor

_PARTS = 8
"""A batch is differentiated in so many parts, one after the other, so that only a part has its matrices in memory."""


class SettledPlan(torch.autograd.Function):
    """The plan min(P, 1), P = exp(gain + rows + columns), of potentials that the sweeps leave where they are.

    Inputs: gain (B, N, M), rows (B, N, 1), columns (B, 1, M), stiffness; the last three without a gradient.

    The gradient is that of the fixed point of the sweeps: with row shares S = P / (P 1) and column shares
    Q = P / (1^T P), a change of the gain moves the potentials by

        df = -stiffness ((S * dgain) 1 + S dg),    dg = -stiffness ((Q * dgain)^T 1 + Q^T df).

    Let G be the gradient by log P. The adjoint of these equations is solved for the row and column vectors X and Y,

        X = -stiffness (G 1 + Q Y),    Y = -stiffness (G^T 1 + S^T X),

    by eliminating X, and the gradient by the gain is G + X 1^T * S + 1 Y^T * Q. This is the implicit function theorem
    on the dual problem, whose Hessian is ((diag(P 1) / stiffness, P), (P^T, diag(P^T 1) / stiffness)); shares in place
    of P keep it finite for any gain. With hard marginals (stiffness 1) the potentials are free up to a constant that
    goes from g to f, and Y up to a multiple of P^T 1, which cancels in the gradient.
    """

    @staticmethod
    def forward(ctx, gain: Tensor, rows: Tensor, columns: Tensor, stiffness: float) -> Tensor:
        log_plan = gain + rows + columns
        ctx.save_for_backward(log_plan)
        ctx.stiffness = stiffness
        return log_plan.clamp(max=0).exp_()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (log_plan,) = ctx.saved_tensors
        result = torch.empty_like(log_plan)
        for target, *parts in zip(*(each.tensor_split(_PARTS) for each in (result, log_plan, grad)), strict=True):
            target.copy_(_gradient_by_gain(*parts, ctx.stiffness))
        return result, None, None, None


def _gradient_by_gain(log_plan: Tensor, grad: Tensor, stiffness: float) -> Tensor:
    """(B, N, M); the gradient by the gain, given that by the plan."""
    if log_plan.shape[1] < log_plan.shape[2]:  # the system is as large as the number of columns: let them be fewer
        return _gradient_by_gain(log_plan.mT, grad.mT, stiffness).mT
    row_share, column_share = log_plan.softmax(2), log_plan.softmax(1)
    grad = torch.where(log_plan <= 0, grad * log_plan.clamp(max=0).exp(), 0)  # by log P; where P > 1, the plan stays 1
    row_sum, column_sum = grad.sum(2)[..., None], grad.sum(1)[..., None]
    # the ridge keeps the matrix regular where marginals are hard, or where links are so firm that the plan falls apart
    ridge = 10 * torch.finfo(grad.dtype).eps
    identity = torch.eye(grad.shape[2], dtype=grad.dtype, device=grad.device)
    matrix = (1 + ridge) * identity - stiffness**2 * row_share.mT @ column_share
    y = torch.linalg.solve(matrix, stiffness * (stiffness * row_share.mT @ row_sum - column_sum))
    x = -stiffness * (row_sum + column_share @ y)
    return grad + x * row_share + y.mT * column_share
