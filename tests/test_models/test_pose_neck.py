"""A neck of its own for the pose: who reads it, and that without it nothing changes."""

import pytest
import torch
from test_models.conftest import tiny_parser_config

from mmhparse.registry import MODELS


def parser_with_pose_neck(**options):
    torch.manual_seed(0)
    neck = dict(type='PyramidDecoder', channels=16, dilations=(2,), mixing='plain_3x3')
    parser = MODELS.build(tiny_parser_config(pose_neck=dict(neck, **options)))
    parser.init_weights()
    return parser


def reached(module) -> bool:
    return any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in module.parameters())


@pytest.mark.parametrize('field', ['part_logits', 'joint_heatmaps', 'joint_offsets', 'limb_fields', 'projection'])
def test_parts_read_one_neck_and_the_pose_another(field):
    parser = parser_with_pose_neck()
    found = getattr(parser.predict_fields(torch.rand(1, 3, 64, 64)), field)
    (found[0] if field == 'projection' else found).square().sum().backward()
    assert reached(parser.neck) == (field == 'part_logits')
    assert reached(parser.pose_neck) == (field != 'part_logits')
    assert reached(parser.backbone)


def test_two_equal_necks_predict_what_one_does():
    parser = parser_with_pose_neck().eval()
    parser.pose_neck.load_state_dict(parser.neck.state_dict())
    inputs = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found, expected = parser.predict_fields(inputs), parser.head(parser.neck(parser.backbone(inputs)))
    for name in ('joint_heatmaps', 'limb_fields', 'part_logits'):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name))


def test_a_parser_with_two_necks_trains_a_step_and_decodes(batch):
    parser = parser_with_pose_neck()
    total, _ = parser.parse_losses(parser(**parser.data_preprocessor(batch, training=True), mode='loss'))
    total.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in parser.parameters())
    torch.optim.SGD(parser.parameters(), lr=1e-3).step()
    with torch.no_grad():
        samples = parser.eval().test_step(batch)
    assert samples[0].pred_parsing.part_map.shape == (1, 96, 128)


def test_without_the_option_there_is_no_second_neck(tiny_parser):
    assert tiny_parser.pose_neck is None
    assert not any(name.startswith('pose_neck') for name in tiny_parser.state_dict())


def test_necks_of_other_strides_are_refused():
    config = tiny_parser_config(pose_neck=dict(type='OtherStrides', channels=16))
    with pytest.raises(ValueError, match=r'pose_neck must have the strides of neck, \(4, 8, 16, 32\), got \(4, 8\)'):
        MODELS.build(config)


@MODELS.register_module()
class OtherStrides(torch.nn.Module):
    """A neck that leaves out the coarse levels."""

    strides = (4, 8)

    def __init__(self, channels, **levels):
        super().__init__()
