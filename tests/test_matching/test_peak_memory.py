"""What forward and backward of implicit gradients take in memory, at the worst moment."""

import pytest
import torch
from allocated_bytes import peak_bytes

from mmhparse.matching import MatchingProblem, ProjectedGradient, UnbalancedTransport
from mmhparse.ops import compiled_devices

SOLVERS = {
    'relaxed transport': UnbalancedTransport(marginals='relaxed', gradient='implicit'),
    'dustbin transport': UnbalancedTransport(marginals='dustbin', gradient='implicit'),
    'projected gradient': ProjectedGradient(gradient='implicit'),
}


@pytest.mark.parametrize('name', SOLVERS)
def test_implicit_peak_memory_is_six_scores_at_most(name):
    if name == 'projected gradient' and 'cpu' not in compiled_devices():
        pytest.skip('the ops were not built (MMHPARSE_WITH_OPS=0)')
    score = (torch.rand(64, 30, 30) - 0.4).requires_grad_()
    problem, weight = MatchingProblem(score), torch.rand(64, 30, 30)

    def train():
        torch.autograd.grad(SOLVERS[name].solve(problem).plan, score, weight)

    train()  # what libraries allocate once for all is not counted
    assert score.numel() * 4 < peak_bytes(train) <= 6 * score.numel() * 4
