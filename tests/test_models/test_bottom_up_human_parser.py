"""The whole network in mmengine's three modes."""

import pytest
import torch
from test_models.conftest import tiny_parser_config

from mmhparse.registry import MODELS
from mmhparse.structures import ParseFields


def test_loss_mode_trains_every_parameter(tiny_parser, batch):
    losses = tiny_parser(**tiny_parser.data_preprocessor(batch, training=True), mode='loss')
    assert losses.keys() == {
        'loss_part_ce', 'loss_part_lovasz', 'loss_joint_heatmap', 'loss_joint_offset', 'loss_limb', 'loss_projection',
        'loss_grouping_links', 'grouping_recall', 'grouping_precision',
    }  # fmt: skip
    total, _ = tiny_parser.parse_losses(losses)
    total.backward()
    assert torch.isfinite(total)
    for name, parameter in tiny_parser.named_parameters():
        assert parameter.grad is not None, name


def test_a_few_steps_lower_the_loss(tiny_parser, batch):
    data = tiny_parser.data_preprocessor(batch, training=True)
    optimiser = torch.optim.AdamW(tiny_parser.parameters(), lr=3e-3)
    totals = []
    for _ in range(12):
        total, _ = tiny_parser.parse_losses(tiny_parser(**data, mode='loss'))
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    assert totals[-1] < 0.75 * totals[0]


def test_predict_mode_returns_maps_of_the_original_size(tiny_parser, batch):
    for sample in batch['data_samples']:
        sample.set_metainfo(dict(ori_shape=(192, 256)))
    with torch.no_grad():
        samples = tiny_parser.eval().test_step(batch)
    for sample in samples:
        assert sample.pred_parsing.part_map.shape == (1, 192, 256)
        assert sample.pred_parsing.part_map.dtype == torch.uint8
        assert sample.pred_parsing.person_map.dtype == torch.int32
        assert sample.pred_people.keypoints.shape[1:] == (17, 2)
        assert 'pred_fields' not in sample


def test_images_of_other_sizes_are_padded(tiny_parser, batch):
    batch['inputs'][1] = batch['inputs'][1][:, :90, :100]
    batch['data_samples'][1].set_metainfo(dict(ori_shape=(90, 100), img_shape=(90, 100)))
    inputs = tiny_parser.data_preprocessor(batch)['inputs']
    assert inputs.shape == (2, 3, 96, 128)
    assert inputs[1, :, 90:].abs().max() == 0
    with torch.no_grad():
        samples = tiny_parser.eval().test_step(batch)
    assert samples[1].pred_parsing.part_map.shape == (1, 90, 100)


def test_fields_are_kept_on_demand(batch):
    parser = MODELS.build(tiny_parser_config(keep_fields=True)).eval()
    with torch.no_grad():
        samples = parser.test_step(batch)
    assert isinstance(samples[0].pred_fields, ParseFields)
    assert len(samples[0].pred_fields) == 1


def test_tensor_mode_returns_fields(tiny_parser):
    fields = tiny_parser(torch.rand(1, 3, 64, 64))
    assert isinstance(fields, ParseFields)
    with pytest.raises(ValueError, match='mode must be'):
        tiny_parser(torch.rand(1, 3, 64, 64), mode='train')


def test_inputs_are_normalised_rgb(tiny_parser):
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    image[2] = 255
    inputs = tiny_parser.data_preprocessor(dict(inputs=[image], data_samples=[]))['inputs']
    expected = torch.tensor([(255 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375])
    torch.testing.assert_close(inputs[0, :, 0, 0], expected)


def test_loss_weighting_is_optional(batch):
    names = ['part_ce', 'part_lovasz', 'joint_heatmap', 'joint_offset', 'limb', 'projection']
    config = tiny_parser_config(
        loss_weighting=dict(type='LearnedLossWeights', names=[f'loss_{name}' for name in names])
    )
    config['losses'].pop('grouping')
    parser = MODELS.build(config)
    losses = parser(**parser.data_preprocessor(batch, training=True), mode='loss')
    assert losses.keys() == {f'loss_{name}' for name in names}
    sum(losses.values()).backward()
    assert parser.loss_weighting.log_sigma['loss_limb'].grad is not None


@pytest.mark.parametrize('losses', [{}, {'part', 'joint', 'limb'}, {'part', 'joint', 'limb', 'projection', 'edge'}])
def test_missing_or_unknown_losses_are_refused(losses):
    config = tiny_parser_config()
    config['losses'] = {name: dict(type='LimbLoss') for name in losses}
    with pytest.raises(ValueError, match='losses must name'):
        MODELS.build(config)


def test_unknown_option_is_refused():
    with pytest.raises(TypeError, match='chanels'):
        config = tiny_parser_config()
        config['head']['chanels'] = 3
        MODELS.build(config)


def test_losses_are_modules_of_the_parser_under_their_names(tiny_parser):
    assert list(tiny_parser.field_losses) == ['part', 'joint', 'limb', 'projection']
    names = {type(module).__name__: name for name, module in tiny_parser.named_modules()}
    assert names['PartLoss'] == 'field_losses.part' and names['ProjectionLoss'] == 'field_losses.projection'


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_modes_that_need_data_samples_ask_for_them(tiny_parser, mode):
    with pytest.raises(ValueError, match=f"mode='{mode}' needs data_samples"):
        tiny_parser(torch.zeros(1, 3, 64, 64), mode=mode)
    with pytest.raises(ValueError, match="must be 'tensor', 'predict' or 'loss', got 'train'"):
        tiny_parser(torch.zeros(1, 3, 64, 64), mode='train')
