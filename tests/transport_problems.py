"""Matching problems and solvers for the tests of optimal transport."""

import torch

from mmhparse.matching import MatchingProblem, UnbalancedTransport

FORMS = ['relaxed', 'dustbin']
SOLVERS = [UnbalancedTransport(marginals=form, gradient=how) for form in FORMS for how in ('unrolled', 'implicit')]


def random_problem(seed: int, batch: int = 6, rows: int = 5, columns: int = 6, peak: float = 0.6) -> MatchingProblem:
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand(batch, rows, columns, generator=generator, dtype=torch.float64) + (peak - 1)
    row_mask = torch.rand(batch, rows, generator=generator) < 0.8
    col_mask = torch.rand(batch, columns, generator=generator) < 0.8
    return MatchingProblem(score, row_mask, col_mask)


def plan_and_gradient(problem: MatchingProblem, solver: UnbalancedTransport, weight: torch.Tensor):
    score = problem.score.detach().clone().requires_grad_()
    plan = solver.solve(MatchingProblem(score, problem.row_mask, problem.col_mask)).plan
    return plan.detach(), *torch.autograd.grad((plan * weight).sum(), score)
