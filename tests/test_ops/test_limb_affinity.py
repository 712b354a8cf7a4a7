"""The compiled limb affinity gives what its reference in PyTorch gives."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import library

from mmhparse.codecs import DifferentiableGroupingCodec, candidates_to_problems
from mmhparse.codecs.candidates_to_problems import _reference
from mmhparse.ops import has_limb_affinity, limb_affinity
from mmhparse.ops.backend import load_extension
from mmhparse.structures import TargetFields
from mmhparse.testing import synthetic_scene

pytestmark = pytest.mark.skipif(not load_extension(), reason='the compiled ops were not built')


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


def test_any_memory_order_and_number_of_threads():
    xy, fields, limbs = drawn(0, 2, 5, 40, 7, (12, 17))
    expected = limb_affinity(xy, fields, limbs, 4, 10)
    others = (
        xy.transpose(1, 2).contiguous().transpose(1, 2),
        fields.permute(0, 3, 4, 1, 2).contiguous().permute(0, 3, 4, 1, 2),
    )
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert torch.equal(limb_affinity(*others, limbs, 4, 10), expected)
    finally:
        torch.set_num_threads(threads)


def test_it_decodes_only_where_it_can():
    xy, fields, _ = drawn(0, 1, 3, 4, 2, (5, 6))
    assert has_limb_affinity(xy, fields)
    assert not has_limb_affinity(xy.double(), fields.double())
    assert not has_limb_affinity(xy, fields[..., :1])
    with torch.enable_grad():
        assert not has_limb_affinity(xy, fields.clone().requires_grad_())
    with torch.no_grad():
        assert has_limb_affinity(xy, fields.clone().requires_grad_())


def test_people_are_the_same_without_it(monkeypatch):
    codec = DifferentiableGroupingCodec()
    scenes = [synthetic_scene(seed, (128, 96), num_people=4).annotation for seed in range(6)]
    fields = TargetFields.cat([codec.encode(scene) for scene in scenes]).as_prediction(15)
    grouped = [codec.group(fields.pose.of_image(index)) for index in range(6)]
    monkeypatch.setattr(candidates_to_problems.ops, 'has_limb_affinity', lambda *_: False)
    for index, compiled in enumerate(grouped):
        reference = codec.group(fields.pose.of_image(index))
        assert torch.equal(compiled.links, reference.links)
        # people of the same score come in either order
        assert sorted(compiled.people.keypoints.tolist()) == sorted(reference.people.keypoints.tolist())


def test_opcheck():
    library.opcheck(torch.ops.mmhparse.limb_affinity.default, (*drawn(1, 2, 3, 4, 2, (5, 6)), 4, 10))


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
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    xy, fields, limbs = drawn(0, 1, 3, 4, 2, (5, 6))
    arguments = dict(xy=xy, limb_fields=fields, limbs=limbs, stride=4, samples=10) | change
    with pytest.raises(error, match=message):
        limb_affinity(**arguments)
