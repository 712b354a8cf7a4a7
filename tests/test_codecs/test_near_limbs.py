"""In crowds only links within reach are scored, and the people are the same as with all links."""

import numpy as np
import pytest
import torch
from decoded_twice import assert_decoded_alike
from second_device import DEVICE, second_device

from mmhparse.codecs import DifferentiableGroupingCodec, candidates_to_links
from mmhparse.codecs.candidates_to_links import pair_affinity
from mmhparse.codecs.candidates_to_problems import limb_affinity
from mmhparse.codecs.fields_to_candidates import fields_to_candidates
from mmhparse.codecs.near_limbs import field_strength, limb_reach, near_pairs
from mmhparse.structures import JointCandidates, ParseFields, PoseFields
from mmhparse.synthetic import synthetic_scene


def crowd(codec, scenes):
    """Scenes of five people side by side."""
    found = [codec.encode(synthetic_scene(3 + i, (96, 128), num_people=5).annotation) for i in range(scenes)]
    found = [fields.as_prediction(15) for fields in found]

    def joined(name):
        return torch.cat([getattr(fields.pose, name) for fields in found], -1)

    pose = PoseFields(joined('joint_heatmaps'), joined('joint_offsets'), joined('limb_fields'), codec.stride)
    projection = torch.cat([fields.projection[0] for fields in found], -1)
    return ParseFields(pose, (projection,), torch.cat([fields.part_logits for fields in found], -1), 1)


def reach_of(field, price, stride, samples):
    return limb_reach(*field_strength(field, price), price, stride, samples)


def near_affinity(candidates, fields, codec, prices, samples=10):
    """(B * L, N, N) affinities of the pairs within reach, and 0 for the others."""
    links = near_pairs(candidates, fields, codec.skeleton, 4, prices, samples)
    number = candidates.xy.shape[2]
    near = fields.new_zeros(fields.shape[0] * fields.shape[1], number, number)
    near[tuple(links.T)] = pair_affinity(candidates.xy, fields, torch.tensor(codec.skeleton.limbs), links, 4, samples)
    return near.unflatten(0, fields.shape[:2])


def test_the_reach_is_what_the_longest_region_can_pay_for():
    fields = torch.zeros(3, 2, 20, 40)
    fields[0, 0, 5, 3:15] = 0.9  # 12 cells long and 1 high
    fields[0, 1, 15, 30] = 0.5  # a small region
    fields[1, 0] = 0.07  # below a quarter of the price
    fields[2] = 0.4  # everywhere: one region of 40 x 20 cells
    reaches = [reach_of(field, 0.3, stride=4, samples=10) for field in fields]
    # (3 * 0.9 + 7 * 0.075) / 10 = 0.32 pays, 2 points give 0.24; of vectors of length 0.4 * sqrt(2), 5 points pay
    expected = 4 * np.hypot(14, 3) * 9 / 2, 0, 4 * np.hypot(42, 22) * 9 / 4
    np.testing.assert_allclose(reaches, expected, rtol=1e-6)


def test_pairs_within_reach_have_the_affinity_of_all_pairs():
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256))
    pose = crowd(codec, 14).pose
    candidates = fields_to_candidates(pose, codec.candidate_options).trimmed()
    assert candidates.xy.shape[2] > candidates_to_links.CROWD
    how = codec.skeleton, pose.stride, 10
    dense = limb_affinity(candidates, pose.limb_fields, *how)
    near = near_affinity(candidates, pose.limb_fields, codec, torch.full((1, 25), 0.3))
    scored = near != 0
    assert 0.05 < scored.float().mean() < 0.6
    torch.testing.assert_close(near[scored], dense[scored], rtol=0, atol=1e-4)


def test_a_price_that_one_point_pays_has_no_reach():
    field = torch.zeros(2, 20, 40)
    field[0, 5, 3:15] = 1
    assert reach_of(field, 0.3, 4, samples=1) == np.inf
    assert reach_of(field, 0.12, 4, samples=10) == np.inf  # (1 + 9 * 0.03) / 10 = 0.127
    assert reach_of(field, 0.14, 4, samples=10) < np.inf  # (1 + 9 * 0.035) / 10 = 0.132
    field[1, 7, 7] = torch.nan
    with pytest.raises(ValueError, match='limb_fields hold NaN or infinity'):
        reach_of(field, 0.3, 4, samples=10)


@pytest.mark.parametrize(('price', 'samples'), [(0.3, 10), (0.19, 10), (0.09, 10), (0.05, 10), (0.3, 5), (0.3, 1)])
@pytest.mark.parametrize('length', [5, 15, 40])
def test_one_region_pays_for_no_link_beyond_reach(length, price, samples):
    """Along the direction of a region, links that begin at its end and go on over nothing."""
    codec = DifferentiableGroupingCodec()
    fields = torch.zeros(1, len(codec.skeleton.limbs), 2, 9, 400)
    fields[:, :, 0, 3:6, 5 : 5 + length] = 1
    x = torch.linspace(18, 1580, 80)  # the first at the beginning of the region
    xy = torch.stack([x, torch.full_like(x, 18)], -1).expand(1, len(codec.skeleton), -1, -1).contiguous()
    ones = torch.ones(xy.shape[:3])
    candidates = JointCandidates(xy, ones, ones.bool())
    dense = limb_affinity(candidates, fields, codec.skeleton, 4, samples)
    near = near_affinity(candidates, fields, codec, torch.full((1, 25), price), samples)
    worth = dense > price + 1e-5
    assert worth.any()
    torch.testing.assert_close(near[worth], dense[worth], rtol=0, atol=1e-4)


def test_each_limb_type_has_the_reach_of_its_own_price():
    codec = DifferentiableGroupingCodec()
    fields = torch.zeros(25, 2, 9, 40)
    fields[:, 0, 3:6, 5:15] = 1
    prices = torch.linspace(0.2, 0.8, 25).tolist()
    reaches = [reach_of(fields[0], price, 4, 10) for price in prices]
    # the higher the price, the shorter
    assert all(np.diff(reaches) <= 0) and reaches[0] > 3 * reaches[-1]
    codec = DifferentiableGroupingCodec(limbs=dict(price=prices))
    x = torch.linspace(18, 160, 80)
    xy = torch.stack([x, torch.full_like(x, 18)], -1).expand(1, 17, -1, -1).contiguous()
    ones = torch.ones(xy.shape[:3])
    candidates = JointCandidates(xy, ones, ones.bool())
    pose = PoseFields(torch.ones(1, 17, 9, 40), torch.zeros(1, 17, 2, 9, 40), fields[None], 4)
    listed = candidates_to_links.candidates_to_links(candidates, pose, codec.skeleton, codec.limb_options)
    wanted = codec.problems(candidates, pose).problem.score
    near = torch.full_like(wanted, -1)
    near[tuple(listed.links.T)] = listed.score
    worth = wanted > 1e-4
    assert worth.any() and (near < wanted - 0.1).any()
    torch.testing.assert_close(near[worth], wanted[worth], rtol=0, atol=1e-4)


def in_order(people, parsing):
    """Keypoints, scores and person map, with the people from left to right: equal scores leave their order open."""
    keypoints, found = people.keypoints, people.keypoint_scores > 0
    middle = (keypoints[..., 0] * found).sum(1) / found.sum(1)
    order = middle.argsort()
    rank = torch.zeros(len(people) + 1, dtype=torch.long)
    rank[order + 1] = torch.arange(1, len(people) + 1)
    return keypoints[order], people.scores[order], rank[parsing.person_map.long()]


@pytest.mark.parametrize('price', [0.3, [0.2 + 0.02 * limb for limb in range(25)]])
def test_a_crowd_has_the_same_people(monkeypatch, price):
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256), limbs=dict(price=price))
    fields = crowd(codec, 14)
    people, parsing = codec.decode(fields)
    near = len(codec.group(fields.pose).problem.links)
    monkeypatch.setattr(candidates_to_links, 'CROWD', 10**6)
    assert len(codec.group(fields.pose).problem.links) > 1.5 * near
    others, whole = codec.decode(fields)
    assert len(people) == len(others) > 60
    for one, other in zip(in_order(people, parsing), in_order(others, whole), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    assert torch.equal(parsing.part_map, whole.part_map)


def test_a_crowd_on_a_second_device_has_the_same_links():
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256))
    pose = crowd(codec, 14).pose
    here = codec.group(pose)
    with second_device() as device:
        there = codec.group(pose.to(DEVICE))
        links, score, made = (tensor.cpu() for tensor in (there.problem.links, there.problem.score, there.made))
    assert torch.equal(links, here.problem.links)
    torch.testing.assert_close(score, here.problem.score, rtol=0, atol=1e-5)
    assert torch.equal(made, here.made)
    assert pose.limb_fields[0, :, 0].numel() in device.to_cpu  # a byte a cell and limb type, at once
    assert max(device.to_cpu) <= links.nbytes < pose.limb_fields.nbytes / 2


@pytest.mark.parametrize('device', ['cpu', DEVICE])
def test_a_crowd_changes_no_other_image_of_its_batch(device):
    """The few people of one image keep all their links, and the crowd beside them keeps the near ones."""
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256), decode_on='fields')
    fields = crowd(codec, 14)
    few = fields.map(torch.clone)
    few.joint_heatmaps[..., 3 * 96 // 4 :] = 0  # three of the fourteen scenes stay
    names = 'joint_heatmaps', 'joint_offsets', 'limb_fields'
    joined = [torch.cat([getattr(one, name) for one in (few, fields)]) for name in (*names, 'part_logits')]
    projection = torch.cat([few.projection[0], fields.projection[0]])
    both = ParseFields(PoseFields(*joined[:3], codec.stride), (projection,), joined[3], 1)
    with second_device() as second:
        singly = [codec.decode(one.to(device)) for one in (few, fields)]
        second.to_cpu.clear()
        at_once = codec.decode_batch(both.to(device), [None, None], [None, None])
    assert 10 < len(singly[0][0]) < 20 and len(singly[1][0]) > 60
    for one, other in zip(singly, at_once, strict=True):
        assert_decoded_alike(one, other)
    # a byte a cell and limb type of the crowd alone
    assert second.to_cpu.count(fields.limb_fields[0, :, 0].numel()) == (device == DEVICE)


def test_links_and_their_bytes_grow_linearly_with_people():
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=512))
    counts = []
    for scenes in (16, 32, 64):
        grouping = codec.group(crowd(codec, scenes).pose)
        problem = grouping.problem
        tensors = problem.links, problem.score, grouping.plan, grouping.made
        counts.append((len(problem.links), sum(tensor.numel() * tensor.element_size() for tensor in tensors)))
    for fewer, more in zip(counts[:-1], counts[1:], strict=True):
        assert more[0] / fewer[0] == pytest.approx(2, abs=0.3)
        assert more[1] / fewer[1] == pytest.approx(2, abs=0.3)


def test_no_link_is_left_out_where_links_cost_nothing(monkeypatch):
    monkeypatch.setattr(candidates_to_links, 'near_pairs', None)
    for limbs in (dict(price=0.0), dict(price=[0.3] * 24 + [0.0])):
        codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256), limbs=limbs)
        pose = crowd(codec, 14).pose
        candidates = fields_to_candidates(pose, codec.candidate_options).trimmed()
        listed = candidates_to_links.candidates_to_links(candidates, pose, codec.skeleton, codec.limb_options)
        wanted = codec.problems(candidates, pose).problem
        assert torch.equal(listed.links, wanted.mask.nonzero())
        torch.testing.assert_close(listed.score, wanted.score[wanted.mask], rtol=0, atol=1e-5)


def test_training_scores_all_links_of_a_crowd_with_a_gradient():
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256))
    pose = crowd(codec, 14).pose
    candidates = fields_to_candidates(pose, codec.candidate_options).trimmed()
    pose.limb_fields.requires_grad_()
    assert codec.problems(candidates, pose).problem.score.requires_grad


def test_people_of_a_crowd_are_found_from_fields_with_a_gradient():
    codec = DifferentiableGroupingCodec(candidates=dict(max_candidates=256))
    pose = crowd(codec, 14).pose
    expected = codec.group(pose).people
    pose.limb_fields.requires_grad_()
    people = codec.group(pose).people
    assert len(people) > 60 and torch.equal(people.keypoints, expected.keypoints)
