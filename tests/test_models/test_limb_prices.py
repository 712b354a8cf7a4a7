"""Learned prices of limb types: their gradient is exact, decoding reads them, and they stay with the weights."""

from dataclasses import replace

import pytest
import torch
from grouped_fields import codec, people_of, sound_leaves, total, with_pose
from test_models.conftest import tiny_parser_config

from mmhparse.codecs import training_candidates
from mmhparse.codecs.merge_views import View, merge_views
from mmhparse.models import GroupingLoss
from mmhparse.models.heads.limb_prices import LimbPrices
from mmhparse.registry import MODELS
from mmhparse.structures import ImageGeometry


def priced(fields, prices):
    """The fields of B images with these L prices."""
    return with_pose(fields, limb_prices=torch.as_tensor(prices).expand(len(fields), -1))


def parser_with_prices(**codec_options):
    config = tiny_parser_config()
    config['head'] = dict(config['head'], learned_prices=True)
    config['codec'] = dict(config['codec'], **codec_options)
    return MODELS.build(config)


def test_learned_prices_that_are_the_codecs_change_nothing(batch, truth):
    targets, fields = truth
    loss = GroupingLoss(codec(price=0.3))
    for one, other in zip(
        loss(fields, targets, people_of(batch)).values(),
        loss(priced(fields, [0.3] * 25), targets, people_of(batch)).values(),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_the_gradient_by_a_price_is_true_links_less_those_of_the_plan(batch, truth):
    targets, fields = truth
    prices = torch.linspace(0.2, 0.6, 25)
    leaves = sound_leaves(priced(fields, prices))
    loss = GroupingLoss(codec())
    total(loss(leaves, targets, people_of(batch))).backward()
    with torch.no_grad():
        skeleton = loss.codec.skeleton
        found = training_candidates(
            leaves.pose, targets.joint_weight, people_of(batch), skeleton, loss.codec.candidate_options
        )
        problem = loss.codec.problems(found.candidates, leaves.pose).problem
        score = problem.score.masked_fill(found.unknown_links(skeleton), -1e3)
        plan = loss.regulariser.solve(replace(problem, score=score))
        true = found.true_links(skeleton)
        expected = (true.float() - plan).sum((1, 2)).view(2, 25) / true.sum()
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(leaves.pose.limb_prices.grad, expected, rtol=1e-3, atol=1e-5)


def test_the_loss_reaches_the_parameter_of_each_limb_with_links(batch, truth):
    targets, fields = truth
    prices = LimbPrices([0.3] * 25)
    fields = with_pose(fields, limb_fields=0.5 * fields.limb_fields, limb_prices=prices(2))
    total(GroupingLoss(codec())(fields, targets, people_of(batch))).backward()
    assert prices.log_prices.grad.isfinite().all()
    assert (prices.log_prices.grad != 0).sum() > 12


def test_a_loss_that_does_not_count_yet_leaves_prices_with_a_gradient_of_0(batch, truth):
    targets, fields = truth
    prices, loss = LimbPrices([0.3] * 25), GroupingLoss(codec())
    loss.share = 0.0
    total(loss(priced(fields, prices(1)[0]), targets, people_of(batch))).backward()
    assert (prices.log_prices.grad == 0).all()


def test_decoding_reads_learned_prices_as_it_reads_those_of_the_codec(truth):
    fields = truth[1].of_image(0)
    prices = [0.2 + 0.01 * limb for limb in range(25)]
    prices[4] = 2.0
    learned, fixed = codec().group(priced(fields, prices).pose), codec(price=prices).group(fields.pose)
    torch.testing.assert_close(learned.problem.score, fixed.problem.score)
    assert torch.equal(learned.links, fixed.links)
    assert (codec().group(fields.pose).links[:, 0] == 4).any() and not (learned.links[:, 0] == 4).any()


def test_prices_are_saved_with_the_weights_and_predicted(batch):
    parser = parser_with_prices(limbs=dict(price=[0.2] * 20 + [0.5] * 5))
    state = parser.state_dict()
    torch.testing.assert_close(state['head.limb_prices.log_prices'].exp(), torch.tensor([0.2] * 20 + [0.5] * 5))
    state['head.limb_prices.log_prices'] = torch.full((25,), 0.7).log()
    other = parser_with_prices()
    other.load_state_dict(state)
    with torch.no_grad():
        fields = other.eval().predict_fields(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(fields.of_image(1).pose.limb_prices, torch.full((1, 25), 0.7))


def test_a_parser_with_learned_prices_trains_a_step_and_decodes(batch):
    parser = parser_with_prices()
    total, _ = parser.parse_losses(parser(**parser.data_preprocessor(batch, training=True), mode='loss'))
    total.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in parser.parameters())
    with torch.no_grad():
        samples = parser.eval().test_step(batch)
    assert samples[0].pred_parsing.part_map.shape == (1, 96, 128)


def test_merged_views_have_the_prices_of_the_first(truth):
    fields = priced(truth[1].of_image(0), [0.2 + 0.01 * limb for limb in range(25)])
    views = [View(fields, ImageGeometry((128, 96), (128, 96)), flipped) for flipped in (False, True)]
    merged = merge_views(views, codec().skeleton, codec().part_set)
    assert torch.equal(merged.pose.limb_prices, fields.pose.limb_prices)


def test_prices_without_a_grouping_loss_or_of_the_wrong_number_are_refused(batch, truth):
    parser = parser_with_prices()
    parser.grouping_loss = None
    with pytest.raises(ValueError, match=r'head\.learned_prices=True needs losses\.grouping'):
        parser(**parser.data_preprocessor(batch, training=True), mode='loss')
    with pytest.raises(ValueError, match=r'must be above 0, got 0\.0'):
        parser_with_prices(limbs=dict(price=0.0))
    with pytest.raises(ValueError, match=r'limb_prices must be \(2, 25\), got \(2, 3\)'):
        priced(truth[1], [0.3] * 3)


def test_without_the_option_there_are_no_prices(tiny_parser):
    assert not any('limb_prices' in name for name in tiny_parser.state_dict())
    with torch.no_grad():
        assert tiny_parser.eval().predict_fields(torch.rand(1, 3, 64, 64)).pose.limb_prices is None
