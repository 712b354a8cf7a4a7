"""The vote map: where pixels land, exactly in small cases, with its gradient, and in the head."""

import pytest
import torch
from test_models.conftest import tiny_parser_config

from mmhparse.models.heads.vote_map import foreground, landing_votes, vote_map
from mmhparse.registry import MODELS


def test_each_cell_votes_where_it_lands():
    """Three cells on a grid of 2 x 3: one stays, one lands between four cells, one outside."""
    projection, weight = torch.zeros(1, 2, 2, 3), torch.zeros(1, 2, 3)
    weight[0, 0, 0], weight[0, 0, 1], weight[0, 1, 2] = 1.0, 0.5, 1.0
    projection[0, :, 0, 1] = torch.tensor([1.0, 3.0])  # a quarter of a cell to the right, three quarters down
    projection[0, :, 1, 2] = torch.tensor([4.0, 0.0])  # beyond the right border
    expected = torch.tensor([[1.0, 0.5 * 0.75 * 0.25, 0.5 * 0.25 * 0.25], [0.0, 0.5 * 0.75 * 0.75, 0.5 * 0.25 * 0.75]])
    torch.testing.assert_close(vote_map(projection, weight, stride=4), expected[None, None])


def test_a_landing_point_on_the_border_loses_what_lies_beyond():
    projection, weight = torch.zeros(1, 2, 1, 4), torch.zeros(1, 1, 4)
    weight[0, 0, 2] = 1.0
    projection[0, 0, 0, 2] = 5.0  # 1.25 cells: a quarter lies beyond the last cell
    torch.testing.assert_close(vote_map(projection, weight, 4)[0, 0, 0], torch.tensor([0, 0, 0, 0.75]))


def test_votes_add_up_to_the_weights_and_have_their_mean_place():
    torch.manual_seed(0)
    projection = torch.zeros(2, 2, 12, 16, dtype=torch.float64)
    weight = torch.zeros(2, 12, 16, dtype=torch.float64)
    projection[:, :, 4:8, 4:12] = 14 * torch.rand(2, 2, 4, 8, dtype=torch.float64) - 7
    weight[:, 4:8, 4:12] = torch.rand(2, 4, 8, dtype=torch.float64)
    votes = vote_map(projection, weight, 4)[:, 0]
    torch.testing.assert_close(votes.sum((1, 2)), weight.sum((1, 2)))
    columns, rows = torch.arange(16.0).double(), torch.arange(12.0).double()[:, None]
    for axis, cells in enumerate((columns, rows)):
        landing = cells + projection[:, axis] / 4
        torch.testing.assert_close((votes * cells).sum((1, 2)), (weight * landing).sum((1, 2)))


def test_the_vote_map_has_the_gradient_of_field_and_weight():
    torch.manual_seed(0)
    # landing points keep away from cell centres, where the shares have corners, and some lie outside
    whole = torch.randint(-3, 4, (2, 2, 3, 4))
    projection = (4 * (whole + 0.1 + 0.8 * torch.rand(2, 2, 3, 4))).double().requires_grad_()
    weight = torch.rand(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda field, weight: vote_map(field, weight, 4), (projection, weight))


@pytest.mark.parametrize('upsample', [1, 2])
def test_foreground_is_the_probability_of_any_part(upsample):
    logits = torch.zeros(1, 3, 2 * upsample, 2 * upsample)
    logits[:, 0, :upsample] = 50.0
    found = foreground(logits, (2, 2))
    torch.testing.assert_close(found, torch.tensor([[[0.0, 0.0], [2 / 3, 2 / 3]]]))


def test_pixels_of_true_fields_vote_for_joints(truth):
    """In the cells of true joints lie most of the votes of people."""
    targets, fields = truth
    votes = landing_votes(fields.projection[0], fields.part_logits, fields.stride).expm1()[:, 0]
    near = torch.nn.functional.max_pool2d(targets.joint_heatmaps.amax(1), 3, 1, 1) > 0.5
    assert votes[near].sum() / votes.sum() > 0.7


def parser_with_votes():
    torch.manual_seed(0)
    config = tiny_parser_config()
    config['head'] = dict(config['head'], vote_map=True)
    parser = MODELS.build(config)
    parser.init_weights()
    return parser


def test_joint_heatmaps_teach_projection_field_and_parts_through_the_votes(batch):
    parser = parser_with_votes()
    data = parser.data_preprocessor(batch, training=True)
    parser.predict_fields(data['inputs']).joint_heatmaps.log().sum().backward()
    for branch in ('joint', 'part', 'projection'):
        gradients = [weight.grad for weight in parser.head.branches[branch].parameters() if weight.grad is not None]
        assert sum(gradient.abs().sum() for gradient in gradients) > 0, branch
    assert all(weight.grad is None for weight in parser.head.branches['limb'].parameters())


def test_a_parser_with_votes_trains_a_step_and_decodes(batch):
    parser = parser_with_votes()
    optimizer = torch.optim.SGD(parser.parameters(), lr=1e-3)
    total, _ = parser.parse_losses(parser(**parser.data_preprocessor(batch, training=True), mode='loss'))
    total.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in parser.parameters())
    optimizer.step()
    with torch.no_grad():
        samples = parser.eval().test_step(batch)
    assert samples[0].pred_parsing.part_map.shape == (1, 96, 128)


def test_without_the_option_no_weight_changes_its_shape(tiny_parser):
    plain, votes = tiny_parser.state_dict(), parser_with_votes().state_dict()
    assert plain.keys() == votes.keys()
    different = [name for name in plain if plain[name].shape != votes[name].shape]
    assert different == ['head.branches.joint.mix.conv.weight']
