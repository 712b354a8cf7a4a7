"""ShardedOptimWrapper in one process, which holds all shards; tests/test_scale runs it in two."""

import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from mmhparse.engine import ShardedOptimWrapper


@pytest.mark.parametrize('max_norm', [0.5, 1e6])
def test_clips_as_torch_does(max_norm):
    gradients = [torch.tensor([3.0, -4.0]), torch.full((2, 2), 6.0)]
    ours, theirs = ([torch.nn.Parameter(torch.zeros_like(g)) for g in gradients] for _ in range(2))
    for parameters in (ours, theirs):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
    unused = torch.nn.Parameter(torch.zeros(1))
    ShardedOptimWrapper(optimizer=torch.optim.SGD([*ours, unused], lr=1.0), clip_grad=dict(max_norm=max_norm)).step()
    clip_grad_norm_(theirs, max_norm)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.detach(), -other.grad)
    assert unused.grad is None


def test_other_ways_to_clip_are_refused():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match='expected dict.max_norm'):
        ShardedOptimWrapper(optimizer=optimizer, clip_grad=dict(type='value', clip_value=1.0))
