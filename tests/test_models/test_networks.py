"""Backbones, neck and head: shapes, strides, and what coarse-to-fine means."""

import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.models import LightResNet, MultiGranularityHead, PyramidDecoder, ResNet
from mmhparse.models.heads.joint_branch import JointBranch
from mmhparse.models.heads.projection_branch import ProjectionBranch, warp
from mmhparse.models.mixing_conv import mixing_conv


@pytest.mark.parametrize(('output_stride', 'strides'), [(32, (4, 8, 16, 32)), (16, (4, 8, 16, 16)), (8, (4, 8, 8, 8))])
def test_resnet_strides(output_stride, strides):
    backbone = ResNet(18, output_stride)
    features = backbone(torch.rand(1, 3, 64, 96))
    assert [tuple(feature.shape[2:]) for feature in features] == [(64 // s, 96 // s) for s in strides]
    assert tuple(feature.shape[1] for feature in features) == backbone.out_channels


@pytest.mark.parametrize(('depth', 'millions'), [(18, 11.2), (34, 21.3), (50, 23.5), (101, 42.5), (152, 58.1)])
def test_resnet_depths_have_the_published_numbers_of_parameters(depth, millions):
    with torch.device('meta'):
        backbone = ResNet(depth)
    assert sum(p.numel() for p in backbone.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


def test_resnet_initialises_itself_and_loads_torchvision_names(tmp_path):
    backbone = ResNet(18)
    backbone.init_weights()
    assert {'conv1.weight', 'bn1.weight', 'layer1.0.conv1.weight', 'layer4.1.bn2.bias'} <= backbone.state_dict().keys()
    torch.save(backbone.state_dict(), tmp_path / 'weights.pth')
    other = ResNet(18, init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth')))
    other.init_weights()
    torch.testing.assert_close(other.conv1.weight, backbone.conv1.weight)


def test_resnet_trains_its_norms_unless_told_not_to():
    assert ResNet(18).train().bn1.training
    frozen = ResNet(18, norm_eval=True, frozen_stages=1).train()
    assert not frozen.bn1.training
    assert not frozen.layer1[0].conv1.weight.requires_grad
    assert frozen.layer2[0].conv1.weight.requires_grad


def test_resnet_refuses():
    with pytest.raises(ValueError, match='depth must be one of'):
        ResNet(19)
    with pytest.raises(ValueError, match='output_stride must be one of'):
        ResNet(18, output_stride=4)


def test_light_resnet_strides():
    backbone = LightResNet(8, (8, 12, 16, 20), (1, 1, 1, 1))
    features = backbone(torch.rand(2, 3, 64, 96))
    assert [tuple(f.shape[1:]) for f in features] == [(8, 16, 24), (12, 8, 12), (16, 4, 6), (20, 2, 3)]


@pytest.mark.parametrize('mixing', ['separable_5x5', 'plain_3x3'])
def test_decoder_hands_context_down_to_every_pixel(mixing):
    """A change in the coarsest level reaches the finest: context comes down."""
    torch.manual_seed(0)
    decoder = PyramidDecoder((8, 12, 16, 20), 16, mixing=mixing).eval()
    features = [torch.rand(1, c, 32 // 2**i, 32 // 2**i) for i, c in enumerate((8, 12, 16, 20))]
    before = decoder(features)
    assert [tuple(level.shape) for level in before] == [(1, 16, 32 // 2**i, 32 // 2**i) for i in range(4)]
    features[3] = features[3] + 1
    assert not torch.allclose(decoder(features)[0], before[0])


def test_unknown_mixing_is_refused():
    with pytest.raises(ValueError, match="'separable_5x5' or 'plain_3x3', got 'plain'"):
        mixing_conv(4, 4, 'plain', dict(type='BN'))


@pytest.mark.parametrize('upsample', [1, 2, 4])
def test_head_predicts_the_fields_of_the_codec(upsample):
    head = MultiGranularityHead(16, DifferentiableGroupingCodec(), part_upsample=upsample)
    pyramid = tuple(torch.rand(2, 16, 16 // 2**i, 24 // 2**i) for i in range(4))
    fields = head(pyramid)
    assert fields.joint_heatmaps.shape == (2, 17, 16, 24)
    assert fields.limb_fields.shape == (2, 25, 2, 16, 24)
    assert fields.part_logits.shape == (2, 15, 16 * upsample, 24 * upsample)
    assert fields.part_stride * upsample == fields.stride == 4
    assert [tuple(f.shape[2:]) for f in fields.projection] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    with pytest.raises(ValueError, match='part_upsample must divide the stride 4, got 3'):
        MultiGranularityHead(16, DifferentiableGroupingCodec(), part_upsample=3)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_sure_joints_keep_a_gradient_in_half_precision(dtype):
    """A logit of 10 is a probability of 0.99995, which half precision would round to 1, with a gradient of 0."""
    branch = JointBranch(8, 3, dict(type='BN'), 'plain_3x3').eval()
    torch.nn.init.zeros_(branch.heatmaps.weight)
    torch.nn.init.constant_(branch.heatmaps.bias, 10.0)
    with torch.autocast('cpu', dtype=dtype):
        heatmaps, _ = branch((torch.rand(1, 8, 4, 4),), stride=4)
    torch.testing.assert_close(heatmaps, torch.full((1, 3, 4, 4), 10.0).sigmoid())
    heatmaps.log().sum().backward()
    assert (branch.heatmaps.bias.grad > 0).all()


def test_warping_by_nothing_is_bilinear_resizing():
    feature = torch.rand(2, 3, 5, 6)
    expected = torch.nn.functional.interpolate(feature, size=(10, 12), mode='bilinear', align_corners=False)
    torch.testing.assert_close(warp(feature, torch.zeros(2, 2, 10, 12)), expected)


def test_warping_by_whole_cells_shifts():
    feature = torch.rand(1, 2, 6, 8)
    flow = torch.zeros(1, 2, 6, 8)
    flow[:, 0], flow[:, 1] = 2, 1
    torch.testing.assert_close(warp(feature, flow)[:, :, :5, :6], feature[:, :, 1:, 2:])


@pytest.mark.parametrize('strides', [(4, 8, 16, 32), (4, 8, 16, 16)])
def test_an_untrained_refinement_keeps_vectors_in_input_pixels_on_every_level(strides):
    """Residual and flow start at 0, so a constant coarse field must stay what it is, also between equal strides."""
    branch = ProjectionBranch(8, 4, dict(type='BN'), 'plain_3x3')
    torch.nn.init.zeros_(branch.coarsest[1].weight)
    branch.coarsest[1].bias.data = torch.tensor([0.5, -1.0])
    levels = branch(tuple(torch.rand(2, 8, 64 // s, 96 // s) for s in strides), stride=4)
    for level in levels:
        expected = torch.tensor([0.5, -1.0]).view(1, 2, 1, 1) * strides[-1]
        torch.testing.assert_close(level, expected.expand_as(level))
