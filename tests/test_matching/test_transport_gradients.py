"""Gradients of optimal transport: against finite differences and each other, and how much memory they keep."""

import math

import pytest
import torch
from transport_problems import FORMS, plan_and_gradient, random_problem

from mmhparse.matching import MatchingProblem
from mmhparse.matching.unbalanced_transport import UnbalancedTransport


@pytest.mark.parametrize('form', FORMS)
def test_gradient_of_the_finite_iteration(form):
    problem = random_problem(2, batch=3, rows=3, columns=4)
    solver = UnbalancedTransport(marginals=form, sweeps=3)
    assert torch.autograd.gradcheck(
        lambda score: solver.solve(MatchingProblem(score, problem.row_mask, problem.col_mask)).plan,
        problem.score.clone().requires_grad_(),
    )


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('shape', [(3, 4), (4, 3)])
def test_gradient_of_the_maximiser(form, shape):
    """The high peak makes some of the relaxed plan reach 1."""
    problem = random_problem(2, 3, *shape, peak=0.9)
    solver = UnbalancedTransport(marginals=form, gradient='implicit', sweeps=5000)
    result = solver.solve(problem)
    assert result.converged.all()
    assert form == 'dustbin' or (result.plan == 1).any()
    assert torch.autograd.gradcheck(
        lambda score: solver.solve(MatchingProblem(score, problem.row_mask, problem.col_mask)).plan,
        problem.score.clone().requires_grad_(),
    )


@pytest.mark.parametrize(('form', 'epsilon', 'rho'), [('relaxed', 0.1, 0.3), ('relaxed', 0.05, 1), ('dustbin', 0.1, 1)])
def test_both_gradients_agree_after_many_sweeps(form, epsilon, rho):
    problem = random_problem(1)
    weight = torch.randn(problem.score.shape, dtype=torch.float64)
    unrolled, implicit = (
        plan_and_gradient(problem, UnbalancedTransport(epsilon, rho, form, how, 500), weight)
        for how in ('unrolled', 'implicit')
    )
    torch.testing.assert_close(implicit, unrolled, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize('form', FORMS)
def test_implicit_stays_right_when_the_plan_decomposes(form):
    """High scores and little entropy: isolated pairs, and a matrix that is almost singular."""
    score = torch.full((1, 4, 4), -1.0)
    score.diagonal(dim1=1, dim2=2).fill_(1)
    weight = torch.randn(1, 4, 4)
    solver = UnbalancedTransport(0.005, 5.0, form, 'implicit', 3000)
    plan, gradient = plan_and_gradient(MatchingProblem(score), solver, weight)
    share = math.exp(1 / 10.005) / 2 if form == 'relaxed' else 1
    slope = share / 10.005 if form == 'relaxed' else 0
    torch.testing.assert_close(plan[0], share * torch.eye(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(gradient, slope * torch.eye(4) * weight, atol=1e-3, rtol=0)


def kept_elements(solver: UnbalancedTransport, problem: MatchingProblem) -> int:
    """Elements of the float arrays that autograd keeps for the backward pass, each storage counted once."""
    kept = {}

    def keep(tensor):
        if tensor.is_floating_point():
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes() // tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = solver.solve(problem)
        total = sum(kept.values())
    assert result.plan.requires_grad
    return total


@pytest.mark.parametrize('form', FORMS)
def test_implicit_keeps_one_array_however_many_the_sweeps(form):
    score = (torch.rand(16, 20, 20) - 0.4).requires_grad_()
    problem = MatchingProblem(score)
    few, many = (
        kept_elements(UnbalancedTransport(marginals=form, gradient='implicit', sweeps=sweeps), problem)
        for sweeps in (2, 40)
    )
    assert few == many <= 1.2 * score.numel()
