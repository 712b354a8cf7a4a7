"""Generated arguments of the compiled ops: a right result, or an error; nothing is read or written out of bounds."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.codecs.candidates_to_problems import _reference
from mmhparse.ops import limb_affinity, projected_gradient
from mmhparse.ops.backend import load_extension

pytestmark = pytest.mark.skipif(not load_extension(), reason='the compiled ops were not built')

SPECIAL = [math.nan, math.inf, -math.inf, 3e38, -3e38, 1e-45, 0.0, -0.0, 1.0, 1e30]
NUMBERS = st.sampled_from(SPECIAL) | st.floats(-2, 2, width=32)
DTYPES = st.sampled_from(
    [
        *3 * [torch.float32],
        *2 * [torch.float64],
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.bool,
        torch.complex64,
    ]
)
SIZES = st.sampled_from([0, 1, 2, 3, 7, 16, 17, 33])
COUNTS = st.sampled_from([-(2**62), -1, 0, 1, 2, 5])


@st.composite
def laid_out(draw, values):
    """The same values in another order of memory, or in memory that other entries share."""
    layout = draw(st.sampled_from(['as it is', 'transposed', 'every other', 'inside', 'expanded', 'unaligned']))
    if layout == 'transposed':
        return values.mT.contiguous().mT
    if layout == 'every other':
        return values.repeat_interleave(2, -1)[..., ::2]
    if layout == 'inside':
        return torch.nn.functional.pad(values, (1, 2, 3, 1), value=7)[..., 3:-1, 1:-2]
    if layout == 'expanded':
        return values[:1].expand(values.shape) if len(values) else values
    if layout == 'unaligned':
        return torch.cat([values.new_zeros(1), values.flatten()])[1:].view(values.shape)
    return values


@st.composite
def scores(draw):
    shape = draw(st.tuples(st.integers(0, 3), SIZES, SIZES))
    values = torch.rand(shape, generator=torch.Generator().manual_seed(draw(st.integers(0, 99)))) * 2 - 0.7
    for _ in range(draw(st.integers(0, 3)) if values.numel() else 0):
        values.view(-1)[draw(st.integers(0, values.numel() - 1))] = draw(NUMBERS)
    values = values.to(draw(DTYPES))
    if draw(st.integers(0, 9)) == 0:
        return values[0] if len(values) else values[None]  # of other dimensions
    return draw(laid_out(values))


def outcome(function, *arguments):
    """The result, or None where the arguments were refused with a reason."""
    try:
        return function(*arguments)
    except (ValueError, TypeError) as error:
        assert any(word in str(error) for word in ('must', 'expected', 'float32', 'cast')), error
        return None


@settings(max_examples=120)
@given(
    score=scores(),
    steps=COUNTS,
    step_size=st.sampled_from([math.nan, math.inf, -1.0, 0.0, 1e-40, 0.5, 0.5, 0.5, 1e30]),
    cycles=COUNTS,
    backward=st.booleans(),
)
def test_projected_gradient(score, steps, step_size, cycles, backward):
    before = score.clone()
    found = outcome(projected_gradient, score, steps, step_size, cycles)
    assert torch.equal(torch.nan_to_num(score), torch.nan_to_num(before))
    fits = score.dim() == 3 and score.dtype in (torch.float32, torch.float64)
    assert (found is not None) == (fits and steps > 0 and step_size > 0 and cycles >= 0)
    if found is None:
        return
    plan, moved = found
    assert plan.shape == score.shape and moved.shape == score.shape[:1]
    assert not plan.numel() or plan.data_ptr() != score.data_ptr()
    whole = score.isfinite().all(2).all(1) & (score.abs() < 1e6).all(2).all(1)  # (B,)
    if step_size < 1e6:
        # problems of numbers are solved, whatever their neighbours and the order of memory are
        good = plan[whole]
        assert good.isfinite().all() and (good >= 0).all() and (good <= 1 + 1e-4).all()
        assert (good[score[whole] <= 0] == 0).all()
        alone = [projected_gradient(one[None].contiguous(), steps, step_size, cycles)[0][0] for one in score[whole]]
        assert all(torch.equal(one, other) for one, other in zip(good, alone, strict=True))
    if backward and step_size < 1e6:
        wanted = score.detach().contiguous().requires_grad_()
        projected_gradient(wanted, steps, step_size, cycles)[0].sum().backward()
        assert wanted.grad.shape == score.shape and wanted.grad[whole].isfinite().all()


@settings(max_examples=120)
@given(data=st.data())
def test_limb_affinity(data):
    draw = data.draw
    images, joints, most, limbs = (draw(st.integers(0, 3)) for _ in range(4))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    rows, columns = draw(st.sampled_from([(2, 2), (2, 9), (8, 3), (1, 5), (5, 1), (0, 4)]))
    xy = torch.rand(images, joints, most, 2, generator=generator) * 40 - 5
    fields = torch.randn(images, limbs, 2, rows, columns, generator=generator)
    for tensor in (xy, fields):
        for _ in range(draw(st.integers(0, 3)) if tensor.numel() else 0):
            tensor.view(-1)[draw(st.integers(0, tensor.numel() - 1))] = draw(NUMBERS)
    xy, fields = (
        draw(laid_out(xy)).to(draw(st.sampled_from([*4 * [torch.float32], torch.float64]))),
        draw(laid_out(fields)),
    )
    ends = torch.randint(-1 if draw(st.integers(0, 5)) == 0 else 0, max(joints, 1), (limbs, 2), generator=generator)
    ends = ends.to(draw(st.sampled_from([*5 * [torch.int64], torch.int32])))
    stride, samples = draw(st.sampled_from([-1, 0, 1, 4, 2**40])), draw(st.sampled_from([-1, 0, 1, 2, 10]))
    found = outcome(limb_affinity, xy, fields, ends, stride, samples)
    fits = xy.dtype == torch.float32 and ends.dtype == torch.int64 and min(rows, columns) > 1
    fits &= stride > 0 and samples > 0 and bool(((ends >= 0) & (ends < joints)).all())
    assert (found is not None) == fits
    if found is None:
        return
    assert found.shape == (images, limbs, most, most)
    if found.numel() and stride < 9 and xy.abs().max() < 1e4 and fields.abs().max() < 1e4:
        torch.testing.assert_close(found, _reference(xy, fields, ends, stride, samples), rtol=1e-3, atol=1e-3)
