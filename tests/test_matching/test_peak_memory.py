"""What forward and backward of implicit gradients take in memory, at the worst moment."""

import warnings

import numpy as np
import pytest
import torch

from mmhparse.matching import MatchingProblem, ProjectedGradient, UnbalancedTransport
from mmhparse.ops import compiled_devices

SOLVERS = {
    'relaxed transport': UnbalancedTransport(marginals='relaxed', gradient='implicit'),
    'dustbin transport': UnbalancedTransport(marginals='dustbin', gradient='implicit'),
    'projected gradient': ProjectedGradient(gradient='implicit'),
}


def peak_bytes(function) -> int:
    """Most bytes alive at once that ``function`` allocated, inside of operators too."""
    with (
        warnings.catch_warnings(),
        torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile,
    ):
        warnings.simplefilter('ignore')
        function()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == '[memory]']
    return int(np.cumsum([event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]).max())


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
