"""The compiled limb affinity and its gradient against their reference in PyTorch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import library

from mmhparse.codecs import DifferentiableGroupingCodec, candidates_to_links, candidates_to_problems
from mmhparse.codecs.candidates_to_problems import _reference
from mmhparse.ops import has_limb_affinity, limb_affinity, pair_affinity
from mmhparse.ops.backend import has_kernel
from mmhparse.structures import TargetFields
from mmhparse.testing import synthetic_scene

pytestmark = pytest.mark.skipif(
    not has_limb_affinity(torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 2, 2, 2)),
    reason='the compiled ops were not built, or from older sources',
)


def drawn(seed, batch, joints, most, limbs, size):
    """Candidates within the image and beyond it, fields of noise, and limbs."""
    generator = torch.Generator().manual_seed(seed)
    xy = torch.rand(batch, joints, most, 2, generator=generator) * 4 * max(size) * 1.5 - max(size)
    if most > 1:
        xy[:, :, -1] = xy[:, :, 0]  # coincident candidates
    fields = torch.randn(batch, limbs, 2, *size, generator=generator)
    return xy, fields, torch.randint(joints, (limbs, 2), generator=generator)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    batch=st.integers(1, 3),
    joints=st.integers(1, 4),
    most=st.integers(0, 9),
    limbs=st.integers(1, 5),
    size=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    stride=st.sampled_from([1, 4, 8]),
    samples=st.integers(1, 12),
)
def test_it_is_the_reference(seed, batch, joints, most, limbs, size, stride, samples):
    arguments = *drawn(seed, batch, joints, most, limbs, size), stride, samples
    torch.testing.assert_close(limb_affinity(*arguments), _reference(*arguments), rtol=1e-4, atol=1e-4)
    wide = [tensor.double() if tensor.is_floating_point() else tensor for tensor in arguments[:3]]
    weight = torch.randn(batch, limbs, most, most, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found, expected = (affinity_and_gradient(op, *wide, stride, samples, weight) for op in (limb_affinity, _reference))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('samples', [1, 10])
def test_listed_links_have_the_affinity_of_all_pairs(monkeypatch, dtype, samples):
    xy, fields, limbs = drawn(3, 2, 4, 7, 5, (6, 9))
    xy, fields = xy.to(dtype), fields.to(dtype)
    dense = limb_affinity(xy, fields, limbs, 4, samples).flatten(0, 1)  # (B * L, N, N)
    links = torch.randint(2, dense.shape, generator=torch.Generator().manual_seed(0)).nonzero()
    expected = dense[tuple(links.T)]
    assert torch.equal(pair_affinity(xy, fields, limbs, links, 4, samples), expected)
    assert pair_affinity(xy, fields, limbs, links[:0], 4, samples).shape == (0,)
    monkeypatch.setattr(candidates_to_links.ops, 'has_pair_affinity', lambda *_: False)
    reference = candidates_to_links.pair_affinity(xy, fields, limbs, links, 4, samples)
    torch.testing.assert_close(reference, expected, rtol=1e-4, atol=1e-4)


def test_links_that_name_no_candidate_are_refused():
    xy, fields, limbs = drawn(3, 1, 4, 7, 5, (6, 9))
    for link in ([5, 0, 0], [0, 7, 0], [0, 0, 7], [-1, 0, 0]):
        with pytest.raises(ValueError, match='links must be below'):
            pair_affinity(xy, fields, limbs, torch.tensor([link]), 4, 10)
    with pytest.raises(ValueError, match=r'\(E, 3\)'):
        pair_affinity(xy, fields, limbs, torch.zeros(2, 2, dtype=torch.long), 4, 10)
    with pytest.raises(TypeError, match='int64'):
        pair_affinity(xy, fields, limbs, torch.zeros(2, 3, dtype=torch.int32), 4, 10)


def affinity_and_gradient(op, xy, fields, limbs, stride, samples, weight):
    """(B, L, N, N) affinities and, of their weighted sum, the (B, L, 2, h, w) gradient."""
    fields = fields.detach().clone().requires_grad_()
    affinity = op(xy, fields, limbs, stride, samples)
    (grad,) = torch.autograd.grad((affinity * weight).sum(), fields)
    return affinity.detach(), grad


def test_gradcheck():
    xy, fields, limbs = drawn(3, 2, 3, 4, 2, (4, 5))
    fields = fields.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda fields: limb_affinity(xy.double(), fields, limbs, 4, 5), fields)


def test_an_empty_field_has_a_gradient():
    """The strength of a mean of 0 has none, the direction has: that of the reference, and no NaN."""
    xy, fields, limbs = drawn(4, 2, 3, 5, 2, (4, 5))
    weight = torch.ones(2, 2, 5, 5)
    arguments = xy, torch.zeros_like(fields), limbs, 4, 5, weight
    found, expected = (affinity_and_gradient(op, *arguments)[1] for op in (limb_affinity, _reference))
    assert found.ne(0).any()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_float32(dtype):
    xy, fields, limbs = drawn(5, 1, 3, 4, 2, (5, 6))
    fields = fields.to(dtype)
    assert has_limb_affinity(xy, fields)
    expected, grad = affinity_and_gradient(_reference, xy, fields.float(), limbs, 4, 10, torch.ones(1, 2, 4, 4))
    found, half = affinity_and_gradient(limb_affinity, xy, fields, limbs, 4, 10, torch.ones(1, 2, 4, 4))
    assert found.dtype == torch.float32 and half.dtype == dtype
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(half, grad.to(dtype), rtol=0.02, atol=1e-3)


def test_any_memory_order_and_number_of_threads():
    xy, fields, limbs = drawn(0, 2, 5, 40, 7, (12, 17))
    expected = limb_affinity(xy, fields, limbs, 4, 10)
    grad = affinity_and_gradient(limb_affinity, xy, fields, limbs, 4, 10, expected)[1]
    others = (
        xy.transpose(1, 2).contiguous().transpose(1, 2),
        fields.permute(0, 3, 4, 1, 2).contiguous().permute(0, 3, 4, 1, 2),
    )
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert torch.equal(limb_affinity(*others, limbs, 4, 10), expected)
        assert torch.equal(affinity_and_gradient(limb_affinity, *others, limbs, 4, 10, expected)[1], grad)
    finally:
        torch.set_num_threads(threads)


def test_it_is_used_only_where_it_can_be():
    xy, fields, _ = drawn(0, 1, 3, 4, 2, (5, 6))
    assert has_limb_affinity(xy, fields)
    assert has_limb_affinity(xy.double(), fields.double())
    assert not has_limb_affinity(xy, fields.double())
    assert not has_limb_affinity(xy.half(), fields.half())
    assert not has_limb_affinity(xy, fields[..., :1])
    assert has_limb_affinity(xy, fields.clone().requires_grad_())
    xy.requires_grad_()
    assert not has_limb_affinity(xy, fields)
    with torch.no_grad():
        assert has_limb_affinity(xy, fields)


def test_gradients_that_it_lacks_are_refused():
    xy, fields, limbs = drawn(0, 1, 3, 4, 2, (5, 6))
    with pytest.raises(NotImplementedError, match='no gradient with respect to xy'):
        limb_affinity(xy.clone().requires_grad_(), fields, limbs, 4, 10)
    fields.requires_grad_()
    affinity = limb_affinity(xy, fields, limbs, 4, 10)
    (grad,) = torch.autograd.grad(affinity.square().sum(), fields, create_graph=True)
    with pytest.raises(NotImplementedError, match='only once'):
        grad.sum().backward()


def test_people_are_the_same_without_it(monkeypatch):
    codec = DifferentiableGroupingCodec()
    scenes = [synthetic_scene(seed, (128, 96), num_people=4).annotation for seed in range(6)]
    fields = TargetFields.cat([codec.encode(scene) for scene in scenes]).as_prediction(15)
    grouped = [codec.group(fields.pose.of_image(index)) for index in range(6)]
    monkeypatch.setattr(candidates_to_problems.ops, 'has_limb_affinity', lambda *_: False)
    monkeypatch.setattr(candidates_to_links.ops, 'has_pair_affinity', lambda *_: False)
    for index, compiled in enumerate(grouped):
        reference = codec.group(fields.pose.of_image(index))
        assert torch.equal(compiled.links, reference.links)
        # people of the same score come in either order
        assert sorted(compiled.people.keypoints.tolist()) == sorted(reference.people.keypoints.tolist())


@pytest.mark.parametrize('most', [0, 4])
def test_opcheck(most):
    xy, fields, limbs = drawn(1, 2, 3, most, 2, (5, 6))
    weight = torch.ones(2, 2, most, most)
    library.opcheck(torch.ops.mmhparse.limb_affinity.default, (xy, fields.clone().requires_grad_(), limbs, 4, 10))
    library.opcheck(torch.ops.mmhparse.limb_affinity_backward.default, (weight, xy, fields, limbs, 4, 10))


@pytest.mark.parametrize(
    ('change', 'error', 'message'),
    [
        (dict(xy=torch.zeros(1, 3, 4)), ValueError, r'xy must be \(B, K, N, 2\)'),
        (dict(xy=torch.zeros(2, 3, 4, 2)), ValueError, 'of the 2 images of xy'),
        (dict(limb_fields=torch.zeros(1, 2, 2, 1, 6)), ValueError, '2 x 2 cells or more'),
        (dict(limb_fields=torch.zeros(1, 2, 2, 5, 6).double()), TypeError, 'must be float32'),
        (dict(limbs=torch.zeros(3, 2, dtype=torch.long)), ValueError, r'limbs must be \(L, 2\) of the 2 limbs'),
        (dict(limbs=torch.zeros(2, 2)), TypeError, 'limbs must be int64'),
        (dict(limbs=torch.full((2, 2), 3)), ValueError, 'joint types 0 to 2'),
        (dict(samples=0), ValueError, 'must be positive, got 4 and 0'),
        (dict(samples=2**24), ValueError, 'samples must be fewer than'),
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    xy, fields, limbs = drawn(0, 1, 3, 4, 2, (5, 6))
    arguments = dict(xy=xy, limb_fields=fields, limbs=limbs, stride=4, samples=10) | change
    with pytest.raises(error, match=message):
        limb_affinity(**arguments)


@pytest.mark.parametrize(
    ('grad', 'error', 'message'),
    [
        (torch.zeros(1, 2, 4, 3), ValueError, r'grad_affinity must be \(B, L, N, N\), \[1, 2, 4, 4\], got'),
        (torch.zeros(1, 2, 4, 4).double(), TypeError, 'grad_affinity must be Float as limb_fields'),
    ],
)
def test_wrong_gradients_are_refused(grad, error, message):
    with pytest.raises(error, match=message):
        torch.ops.mmhparse.limb_affinity_backward(grad, *drawn(0, 1, 3, 4, 2, (5, 6)), 4, 10)


@pytest.mark.skipif(
    not has_kernel('limb_affinity_backward', torch.device('cuda')) or not torch.cuda.is_available(),
    reason='needs a GPU, and the op built for it',
)
class TestOnGPU:
    @pytest.mark.parametrize('most', [0, 1, 7, 40])
    @pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
    def test_it_is_the_reference(self, dtype, most):
        xy, fields, limbs = drawn(most, 2, 5, most, 7, (12, 17))
        xy, fields = xy.to(dtype), fields.to(dtype)
        weight = torch.randn(2, 7, most, most, generator=torch.Generator().manual_seed(0)).to(dtype)
        expected = affinity_and_gradient(_reference, xy, fields, limbs, 4, 10, weight)
        moved = xy.cuda(), fields.cuda(), limbs.cuda(), 4, 10, weight.cuda()
        found = tuple(tensor.cpu() for tensor in affinity_and_gradient(limb_affinity, *moved))
        tolerance = 1e-3 if dtype == torch.float32 else 1e-9
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)

    def test_determinism_is_refused_as_by_torch(self):
        xy, fields, limbs = (tensor.cuda() for tensor in drawn(0, 1, 3, 4, 2, (5, 6)))
        torch.use_deterministic_algorithms(True)
        try:
            with pytest.raises(RuntimeError, match='limb_affinity_backward_cuda does not have a deterministic'):
                affinity_and_gradient(limb_affinity, xy, fields, limbs, 4, 10, 1.0)
        finally:
            torch.use_deterministic_algorithms(False)

    def test_devices_must_agree(self):
        xy, fields, limbs = drawn(0, 1, 3, 4, 2, (5, 6))
        with pytest.raises(ValueError, match='must be on cuda:0 as limb_fields, got cpu'):
            limb_affinity(xy, fields.cuda(), limbs, 4, 10)


@pytest.mark.parametrize('device', ['lazy', 'vulkan', 'mps', 'xpu', 'privateuseone'])
def test_ops_have_no_kernel_for_other_types_of_devices(device):
    for op in ('limb_affinity', 'projected_gradient', 'read_parsing'):
        assert not has_kernel(op, torch.device(device))


def test_of_tensors_without_values_the_shape_of_scores_is_known():
    fields, xy = (torch.zeros(shape, device='meta') for shape in ((1, 2, 2, 8, 8), (1, 3, 4, 2)))
    assert has_limb_affinity(xy, fields) == has_kernel('limb_affinity', torch.device('meta'))
    if has_limb_affinity(xy, fields):
        limbs = torch.zeros(2, 2, dtype=torch.long, device='meta')
        assert limb_affinity(xy, fields, limbs, 4, 7).shape == (1, 2, 4, 4)
