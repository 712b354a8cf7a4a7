"""Limb affinities and the matching problems made of them."""

import numpy as np
import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.candidates_to_problems import LimbOptions, candidates_to_problems, limb_affinity
from mmhparse.codecs.fields_to_candidates import fields_to_candidates
from mmhparse.structures import COCO_17, JointCandidates
from mmhparse.testing import synthetic_scene


def two_points(first, second):
    """One candidate for each of the two joint types of COCO's first limb, none for the others."""
    xy, mask = torch.zeros(1, 17, 1, 2), torch.zeros(1, 17, 1, dtype=torch.bool)
    for joint, place in zip(COCO_17.limbs[0], (first, second), strict=True):
        xy[0, joint, 0], mask[0, joint] = torch.tensor(place), True
    return JointCandidates(xy, mask.float(), mask)


@pytest.mark.parametrize(
    ('vector', 'expected'), [((0.8, 0.6), 1.0), ((-0.8, -0.6), -1.0), ((-0.6, 0.8), 0.0), ((0.4, 0.3), 0.5)]
)
def test_affinity_is_the_line_integral_of_the_field_along_the_limb(vector, expected):
    field = torch.tensor(vector).view(1, 1, 2, 1, 1).expand(1, len(COCO_17.limbs), 2, 20, 20)
    affinity = limb_affinity(two_points((10.0, 10.0), (50.0, 40.0)), field, COCO_17, 4, samples=10)
    assert affinity[0, 0, 0, 0].item() == pytest.approx(expected, abs=0.03)


def test_affinity_of_half_a_limb_is_half():
    field = torch.zeros(1, len(COCO_17.limbs), 2, 20, 20)
    field[:, :, 0, :, :10] = 1
    affinity = limb_affinity(two_points((20.0, 38.0), (59.0, 38.0)), field, COCO_17, 4, samples=100)
    assert affinity[0, 0, 0, 0].item() == pytest.approx(0.5, abs=0.02)


def test_a_limb_of_no_length_is_scored_by_strength_alone():
    field = torch.tensor([0.6, 0.8]).view(1, 1, 2, 1, 1).expand(1, len(COCO_17.limbs), 2, 20, 20)
    affinity = limb_affinity(two_points((30.0, 30.0), (30.0, 30.0)), field, COCO_17, 4, samples=10)
    assert affinity[0, 0, 0, 0].item() == pytest.approx(1.0, abs=1e-5)


def test_affinity_has_the_gradient_of_the_field():
    torch.manual_seed(0)
    field = torch.randn(1, 25, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    xy = 18 * torch.rand(1, 17, 2, 2, dtype=torch.float64)
    candidates = JointCandidates(xy, torch.ones(1, 17, 2), torch.ones(1, 17, 2, dtype=torch.bool))
    assert torch.autograd.gradcheck(
        lambda field: limb_affinity(candidates, field, COCO_17, 4, 4), field, atol=1e-5, fast_mode=True
    )
    empty = torch.zeros_like(field).requires_grad_()
    limb_affinity(candidates, empty, COCO_17, 4, 4).sum().backward()
    assert empty.grad.isfinite().all()


def test_true_limbs_score_high_and_the_problem_is_laid_out_by_image_and_limb():
    codec = DifferentiableGroupingCodec()
    scenes = [synthetic_scene(seed, num_people=3).annotation for seed in (0, 1)]
    fields = [codec.encode(annotation).as_prediction(15) for annotation in scenes]
    for annotation, field in zip(scenes, fields, strict=True):
        xy = torch.from_numpy(annotation.joints[..., :2]).transpose(0, 1)[None].contiguous()
        mask = torch.from_numpy(annotation.joints[..., 2] > 0).T[None].contiguous()
        candidates = JointCandidates(xy, mask.float(), mask)
        limbs = candidates_to_problems(candidates, field.pose, codec.skeleton, LimbOptions(samples=10, price=0.3))
        affinity, problem = limbs.affinity, limbs.problem
        torch.testing.assert_close(affinity, limb_affinity(candidates, field.limb_fields, codec.skeleton, 4, 10))
        assert problem.score.shape == (25, 3, 3)
        for limb, (first, second) in enumerate(codec.skeleton.limbs):
            torch.testing.assert_close(problem.score[limb], affinity[0, limb] - 0.3)
            assert problem.row_mask[limb].tolist() == mask[0, first].tolist()
            assert problem.col_mask[limb].tolist() == mask[0, second].tolist()
        true = affinity[0].diagonal(dim1=1, dim2=2)[problem.mask.diagonal(dim1=1, dim2=2)]
        assert np.median(true.numpy()) > 0.9


def test_each_limb_type_has_its_own_price():
    codec = DifferentiableGroupingCodec()
    scene = synthetic_scene(0, num_people=3).annotation
    pose = codec.encode(scene).as_prediction(15).pose
    candidates = fields_to_candidates(pose, codec.candidate_options).trimmed()
    prices = [0.1 + 0.02 * limb for limb in range(25)]
    plain, own = (DifferentiableGroupingCodec(limbs=dict(price=price)) for price in (0.3, prices))
    found, expected = own.problems(candidates, pose), plain.problems(candidates, pose)
    torch.testing.assert_close(found.affinity, expected.affinity, rtol=0, atol=0)
    for limb, price in enumerate(prices):
        torch.testing.assert_close(found.problem.score[limb], expected.affinity[0, limb] - price)
    same = DifferentiableGroupingCodec(limbs=dict(price=[0.3] * 25)).problems(candidates, pose).problem
    torch.testing.assert_close(same.score, expected.problem.score, rtol=0, atol=0)


def test_a_limb_type_of_too_high_a_price_has_no_links():
    scene = synthetic_scene(0, num_people=3).annotation
    codec = DifferentiableGroupingCodec()
    pose = codec.encode(scene).as_prediction(15).pose
    expected = codec.group(pose).links
    assert (expected[:, 0] == 4).any()
    limbs = dict(price=[2.0 if limb == 4 else 0.3 for limb in range(25)])
    links = DifferentiableGroupingCodec(limbs=limbs).group(pose).links
    assert links.tolist() == expected[expected[:, 0] != 4].tolist()


def test_prices_must_be_as_many_as_limbs():
    with pytest.raises(ValueError, match=r"limbs\.price has 3 numbers, but skeleton 'coco_17' has 25 limbs"):
        DifferentiableGroupingCodec(limbs=dict(price=[0.3, 0.3, 0.3]))
