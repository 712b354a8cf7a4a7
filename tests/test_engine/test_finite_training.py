"""Gradients and weights that are no numbers, or the wrong ones, are found or avoided."""

import copy
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmhparse.commands import build_runner, load_config
from mmhparse.engine import BFloat16OptimWrapper, FiniteWeightsHook
from mmhparse.engine.bfloat16_optim_wrapper import InFloat32


def _gradient(convolution: nn.Conv2d, image: torch.Tensor, wrapper: BFloat16OptimWrapper | None) -> torch.Tensor:
    convolution.zero_grad()
    if wrapper is None:
        result = convolution(image)
    else:
        with wrapper.optim_context(convolution):
            result = convolution(image)
    (result.float() * torch.linspace(-1, 1, result.numel()).view_as(result)).sum().backward()
    return convolution.weight.grad.clone()


@pytest.mark.parametrize('width', [12, 29, 34, 64])
@pytest.mark.parametrize('dilation', [1, 2, 4])
def test_depthwise_convolutions_have_their_gradient_in_bfloat16(width, dilation):
    torch.manual_seed(0)
    convolution = nn.Conv2d(32, 32, 3, padding=dilation, dilation=dilation, groups=32)
    image = torch.randn(2, 32, width, width).contiguous(memory_format=torch.channels_last)
    wrapper = BFloat16OptimWrapper(torch.optim.SGD(convolution.parameters(), lr=1.0))
    true = _gradient(convolution, image, None)
    error = (_gradient(convolution, image, wrapper) - true).abs().max() / true.abs().max()
    assert error < 0.02
    assert isinstance(convolution, InFloat32) == (dilation > 1)


def test_only_dilated_depthwise_convolutions_stay_in_float32():
    network = nn.Sequential(
        nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 8, 3, dilation=2), nn.Conv2d(8, 8, 3, dilation=2, groups=8)
    )
    names = list(network.state_dict())
    wrapper = BFloat16OptimWrapper(torch.optim.SGD(network.parameters(), lr=1.0))
    types = []
    for layer in network:
        layer.register_forward_hook(lambda module, inputs, output: types.append(output.dtype))
    with wrapper.optim_context(network):
        network(torch.randn(1, 8, 16, 16))
    assert types == [torch.bfloat16, torch.bfloat16, torch.float32]
    assert list(network.state_dict()) == names


class _Standardised(nn.Conv2d):
    """A convolution with a forward pass of its own."""

    def forward(self, input):
        return self._conv_forward(input, self.weight - self.weight.mean((2, 3), keepdim=True), self.bias)


def test_convolutions_of_another_class_keep_their_own_forward_pass():
    torch.manual_seed(0)
    convolution, image = _Standardised(8, 8, 3, dilation=2, groups=8), torch.randn(1, 8, 16, 16)
    expected = convolution(image)
    wrapper = BFloat16OptimWrapper(torch.optim.SGD(convolution.parameters(), lr=1.0))
    for _ in range(2):  # the second time it is one already
        with wrapper.optim_context(convolution):
            torch.testing.assert_close(convolution(image), expected, rtol=0, atol=0)
    torch.testing.assert_close(copy.deepcopy(convolution)(image), expected, rtol=0, atol=0)
    buffer = io.BytesIO()
    torch.save(convolution, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    assert isinstance(loaded, InFloat32) and isinstance(loaded, _Standardised)
    torch.testing.assert_close(loaded(image), expected, rtol=0, atol=0)
    for dtype in (torch.float64, torch.bfloat16):
        assert copy.deepcopy(convolution).to(dtype)(image.to(dtype)).dtype == dtype


def test_weights_that_are_no_numbers_stop_a_training():
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    runner = SimpleNamespace(model=network, iter=41, work_dir='work_dirs/mine')
    hook = FiniteWeightsHook()
    hook.after_train_iter(runner, 0)
    network[0].weight.requires_grad_(False).fill_(torch.nan)  # not trained: no gradient made it so
    hook.after_train_iter(runner, 0)
    for value in (torch.nan, torch.inf, -torch.inf):
        with torch.no_grad():
            network[1].bias[1] = value
            network[2].weight[0] = value
        with pytest.raises(FloatingPointError, match=r'Iteration 42: the weights 1\.bias and 1 more .* work_dirs/mine'):
            hook.after_train_iter(runner, 0)


def test_a_gradient_without_bound_ends_the_training_before_it_is_saved(tmp_path, repo_root):
    cfg = load_config(str(repo_root / 'configs/multi_granularity/mg-pgd_light_synthetic.py'))
    cfg.merge_from_dict(
        dict(
            work_dir=str(tmp_path),
            train_dataloader=dict(batch_size=1, num_workers=0, persistent_workers=False),
            train_cfg=dict(max_iters=3, val_interval=3),
            default_hooks=dict(checkpoint=dict(interval=1)),
        )
    )
    cfg.train_dataloader.dataset.update(num_images=2, image_size=(64, 64), cache=False)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    runner = build_runner(cfg)
    weight = next(weight for name, weight in runner.model.named_parameters() if weight.requires_grad)
    steps = []
    weight.register_hook(lambda gradient: steps.append(0) or (gradient * torch.inf if len(steps) == 2 else gradient))
    with pytest.raises(FloatingPointError, match='Iteration 2'):
        runner.train()
    assert [path.name for path in sorted(Path(tmp_path).glob('*.pth'))] == ['iter_1.pth']
