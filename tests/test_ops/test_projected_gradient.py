"""The compiled projected gradient against its PyTorch reference, and as an op among torch's."""

import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import library

from mmhparse.matching import MatchingProblem, ProjectedGradient, solve
from mmhparse.ops import backend as ops_backend
from mmhparse.ops import choose_backend, compiled_devices, projected_gradient
from mmhparse.ops.backend import load_extension

pytestmark = pytest.mark.skipif('cpu' not in compiled_devices(), reason='the ops were not built (MMHPARSE_WITH_OPS=0)')

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
GRADIENTS = ['unrolled', 'implicit']


def random_problem(seed: int, shape: tuple[int, int, int], dtype: torch.dtype, *, masked: bool = True):
    generator = torch.Generator().manual_seed(seed)
    batch, rows, columns = shape
    score = torch.rand(shape, generator=generator, dtype=torch.float64).to(dtype) - 0.3
    if not masked:
        return score, None, None
    row_mask = torch.rand(batch, rows, generator=generator) < 0.8
    col_mask = torch.rand(batch, columns, generator=generator) < 0.8
    return score, row_mask, col_mask


def plan_and_gradient(score, row_mask, col_mask, solver, weight):
    score = score.detach().clone().requires_grad_()
    plan = solve(MatchingProblem(score, row_mask, col_mask), solver).plan
    (plan * weight).sum().backward()
    return plan.detach(), score.grad


@pytest.mark.parametrize('gradient', GRADIENTS)
@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize(
    'shape', [(3, 1, 1), (5, 3, 5), (4, 16, 16), (8, 30, 30), (4, 40, 17), (3, 17, 40), (2, 70, 65)]
)
def test_compiled_equals_reference(shape, dtype, gradient):
    problem = random_problem(sum(shape), shape, dtype)
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)
    expected, found = (
        plan_and_gradient(*problem, ProjectedGradient(gradient=gradient, backend=backend), weight)
        for backend in ('reference', 'compiled')
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=TOLERANCE[dtype], rtol=0)


@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize('shape', [(5, 3, 5), (4, 16, 16), (8, 30, 30), (4, 40, 17), (3, 17, 40), (2, 70, 65)])
def test_problems_of_few_links_equal_the_reference(shape, dtype):
    """A CPU computes only their links: a tenth of the entries, and a whole row and column of the first problem."""
    score, *masks = random_problem(sum(shape), shape, dtype)
    score = score - 0.6
    score[0, 1] = score[0, :, 2] = 0.2
    score[0, 1] += 0.01 * torch.arange(shape[2])
    score[0, :, 2] += 0.013 * torch.arange(shape[1])
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)
    expected, found = (
        plan_and_gradient(score, *masks, ProjectedGradient(backend=backend), weight)
        for backend in ('reference', 'compiled')
    )
    assert (expected[0] > 0).any() and expected[1].abs().sum() > 0
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=TOLERANCE[dtype], rtol=0)


@given(
    st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.sampled_from([0.1, 0.5, 2.0])
)
@settings(max_examples=60)
def test_compiled_equals_reference_whatever_the_options(seed, rows, columns, cycles, step_size):
    score = random_problem(seed, (2, rows, columns), torch.float64)
    weight = torch.ones(2, rows, columns, dtype=torch.float64) * torch.arange(1.0, columns + 1)
    for gradient in GRADIENTS:
        options = dict(steps=1 + seed % 25, step_size=step_size, cycles=cycles, gradient=gradient)
        expected = plan_and_gradient(*score, ProjectedGradient(**options, backend='reference'), weight)
        found = plan_and_gradient(*score, ProjectedGradient(**options, backend='compiled'), weight)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize('gradient', GRADIENTS)
def test_diagnosis_equals_the_reference(gradient):
    score = random_problem(3, (6, 9, 7), torch.float32, masked=False)[0]
    found, expected = (
        solve(MatchingProblem(score), ProjectedGradient(gradient=gradient, backend=backend))
        for backend in ('compiled', 'reference')
    )
    torch.testing.assert_close(found.residual, expected.residual, atol=1e-6, rtol=0)
    assert found.converged.tolist() == expected.converged.tolist()
    assert found.iterations == expected.iterations


@pytest.mark.parametrize('gradient', GRADIENTS)
@pytest.mark.parametrize('change', [lambda x: x.mT.contiguous().mT, lambda x: x.repeat_interleave(2, 2)[:, :, ::2]])
def test_memory_layout_does_not_matter(change, gradient):
    score = random_problem(0, (3, 6, 8), torch.float32, masked=False)[0]
    solver = ProjectedGradient(gradient=gradient, backend='compiled')
    assert not change(score).is_contiguous()
    torch.testing.assert_close(
        solve(MatchingProblem(change(score)), solver).plan, solve(MatchingProblem(score), solver).plan, rtol=0, atol=0
    )


@pytest.mark.parametrize('cycles', [5, 0])
def test_threads_and_neighbours_change_no_bit(cycles):
    score = random_problem(1, (40, 20, 20), torch.float32, masked=False)[0]
    together = projected_gradient(score, 10, 0.5, cycles)[0]
    alone = torch.cat([projected_gradient(each, 10, 0.5, cycles)[0] for each in score.split(1)])
    torch.set_num_threads(2)
    try:
        threaded = projected_gradient(score, 10, 0.5, cycles)[0]
    finally:
        torch.set_num_threads(1)
    assert torch.equal(together, alone)
    assert torch.equal(together, threaded)


@pytest.mark.parametrize('cycles', [3, 0])
@pytest.mark.parametrize('shape', [(0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 3, 4)])
def test_opcheck(shape, cycles):
    score = random_problem(2, shape, torch.float64, masked=False)[0].requires_grad_()
    forward, backward = (
        torch.ops.mmhparse.projected_gradient.default,
        torch.ops.mmhparse.projected_gradient_backward.default,
    )
    for trace_bytes in (0, 4096):
        library.opcheck(forward, (score, 4, 0.5, cycles, trace_bytes))
        trace = forward(score.detach(), 4, 0.5, cycles, trace_bytes)[2]
        library.opcheck(backward, (torch.ones_like(score), score.detach(), trace, 4, 0.5, cycles))


class _Plan(torch.nn.Module):
    def forward(self, score):
        return projected_gradient(score * 2, 5, 0.5, 3)[0].sum(2)


def test_export_and_compile_keep_the_op():
    score = random_problem(4, (2, 5, 6), torch.float32, masked=False)[0]
    expected = _Plan()(score)
    exported = torch.export.export(_Plan(), (score,))
    assert 'mmhparse.projected_gradient' in str(exported.graph)
    torch.testing.assert_close(exported.module()(score), expected)
    # 'aot_eager' traces forward and backward without a compiler for the rest
    compiled = torch.compile(_Plan(), fullgraph=True, backend='aot_eager')
    found, reference = (score.clone().requires_grad_() for _ in range(2))
    compiled(found).square().sum().backward()
    _Plan()(reference).square().sum().backward()
    torch.testing.assert_close(found.grad, reference.grad)


@pytest.mark.parametrize(
    'arguments, message',
    [
        ((torch.zeros(2, 3), 1, 0.5, 1), r'score must be \(B, N, M\)'),
        ((torch.zeros(1).expand(1, 50_000, 50_000), 1, 0.5, 1), 'a problem must have fewer than'),
        ((torch.zeros(1, 2, 3), 0, 0.5, 1), 'steps must be positive'),
        ((torch.zeros(1, 2, 3), 1, -0.5, 1), 'step_size must be positive'),
        ((torch.zeros(1, 2, 3), 1, 0.5, -1), 'cycles must be positive'),
    ],
)
def test_the_op_names_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        projected_gradient(*arguments)
    with pytest.raises(TypeError, match='float32 or float64, got Long'):
        projected_gradient(torch.zeros(1, 2, 3, dtype=torch.long), 1, 0.5, 1)


def test_gradients_of_gradients_are_refused():
    score = torch.rand(1, 3, 3, dtype=torch.float64, requires_grad=True)
    for backend in ('compiled', 'reference'):
        plan = solve(MatchingProblem(score), ProjectedGradient(gradient='implicit', backend=backend)).plan
        (grad,) = torch.autograd.grad(plan.square().sum(), score, create_graph=True)
        with pytest.raises(RuntimeError, match='once'):
            grad.sum().backward()


def test_a_backend_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr('mmhparse.ops.backend.compiled_devices', list)
    assert choose_backend('auto', torch.device('cpu')) == 'reference'
    with pytest.raises(ImportError, match='MMHPARSE_WITH_OPS=0'):
        choose_backend('compiled', torch.device('cpu'))


def test_no_built_op_is_no_reason_to_warn(monkeypatch, recwarn):
    monkeypatch.setitem(sys.modules, 'mmhparse.ops._ext', None)
    assert load_extension.__wrapped__() is False
    assert not recwarn.list


def test_ops_of_another_version_are_told_and_not_used(monkeypatch):
    monkeypatch.setattr(ops_backend, '_ALL', (*ops_backend._ALL, 'op_of_tomorrow'))
    with pytest.warns(UserWarning, match=r"lack \['op_of_tomorrow'\].*Rebuild them"):
        assert load_extension.__wrapped__() is False


def kept_by(solver: ProjectedGradient, score: torch.Tensor) -> tuple[float, int]:
    """What is kept for the backward pass: floats, in sizes of the score, and bytes of bits."""
    floats, bits = [], []

    def count(saved):
        if saved.dtype != torch.bool:  # the masks
            (floats if saved.is_floating_point() else bits).append(saved.numel())
        return saved

    with torch.autograd.graph.saved_tensors_hooks(count, lambda saved: saved):
        solve(MatchingProblem(score.clone().requires_grad_()), solver)
    return sum(floats) / score.numel(), max(bits)


@pytest.mark.parametrize('gradient', GRADIENTS)
def test_only_bits_are_kept_per_step(gradient):
    score = random_problem(0, (8, 30, 30), torch.float32, masked=False)[0]
    few, many = (kept_by(ProjectedGradient(steps, gradient=gradient, backend='compiled'), score) for steps in (2, 20))
    assert few[0] == many[0] <= 3
    projections = 20 * (10 if gradient == 'unrolled' else 1)
    # a row or column is padded to 32 bits, and tells in a byte whether its sum was capped
    assert many[1] <= 8 * (projections * (32 * 32 / 8 + 64) + 256)


@pytest.mark.parametrize('gradient', GRADIENTS)
@pytest.mark.parametrize('shape', [(3, 1, 1), (4, 33, 7), (4, 7, 33), (2, 70, 65)])
def test_steps_that_are_run_again_give_the_same_gradient(shape, gradient, monkeypatch):
    problem = random_problem(3, shape, torch.float32)
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    solver = ProjectedGradient(gradient=gradient, backend='compiled')
    _, kept = plan_and_gradient(*problem, solver, weight)
    monkeypatch.setattr(sys.modules['mmhparse.ops.projected_gradient'], '_MOST_TRACE_BYTES', 0)
    assert kept_by(solver, problem[0])[1] == 0
    _, again = plan_and_gradient(*problem, solver, weight)
    assert torch.equal(kept, again)


def test_a_trace_that_is_too_short_is_refused():
    score = torch.rand(1, 8, 8)
    with pytest.raises(ValueError, match='trace_bytes must be 0, or a multiple of 64 and at least'):
        torch.ops.mmhparse.projected_gradient(score, 4, 0.5, 3, 64)
    with pytest.raises(ValueError, match='trace must be the one that projected_gradient returned'):
        torch.ops.mmhparse.projected_gradient_backward(score, score, torch.zeros(2, 64), 4, 0.5, 3)
