"""Backbones, decode heads and losses of other libraries inside our parser, by config alone."""

import pytest
import torch
from mmengine.registry import DefaultScope
from test_models.conftest import *  # noqa: F403  (a small parser, scenes and a batch)
from test_models.conftest import tiny_parser_config

from mmhparse.registry import MODELS
from mmhparse.structures import TargetFields

HRNET = dict(
    stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(8,)),
    stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=(8, 16)),
    stage3=dict(num_modules=1, num_branches=3, block='BASIC', num_blocks=(1, 1, 1), num_channels=(8, 16, 24)),
    stage4=dict(
        num_modules=1,
        num_branches=4,
        block='BASIC',
        num_blocks=(1, 1, 1, 1),
        num_channels=(8, 16, 24, 32),
        multiscale_output=True,
    ),
)
# name, options, strides of the pyramid that comes out of our decoder
BACKBONES = {
    'mmpose.HRNet': (dict(extra=HRNET), (4, 8, 16, 32)),
    'mmseg.ResNetV1c': (dict(depth=18, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)), (4, 8, 8, 8)),
    'mmseg.MixVisionTransformer': (
        dict(embed_dims=8, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 4, 8]),
        (4, 8, 16, 32),
    ),
    'mmdet.SwinTransformer': (
        dict(embed_dims=12, depths=(1, 1, 1, 1), num_heads=(1, 2, 3, 4), window_size=4),
        (4, 8, 16, 32),
    ),
    'mmdet.RegNet': (dict(arch='regnetx_400mf', out_indices=(1, 2, 3)), (4, 8, 16, 32)),
    'mmcv.cnn.ResNet': (dict(depth=18), (4, 8, 16, 32)),
    'mmcv.cnn.VGG': (dict(depth=11, out_indices=(0, 1, 2, 3, 4)), (4, 8, 16, 32)),
}
DECODE_HEADS = {
    'mmseg.DepthwiseSeparableASPPHead': dict(
        in_index=3, channels=16, dilations=(1, 2), c1_in_channels=16, c1_channels=8
    ),
    'mmseg.SegformerHead': dict(in_index=(0, 1, 2, 3), channels=16),
    'mmseg.FCNHead': dict(in_index=1, channels=16, num_convs=1),
}


def needs(kind):
    """Skips where the library's models are missing; those of mmcv.cnn are in mmcv-lite too."""
    if not kind.startswith('mmcv.'):
        pytest.importorskip(f'{kind.split(".")[0]}.models', exc_type=ImportError)


def trains_and_predicts(config, batch, steps=15):
    """A few steps lower the loss, and the trained parser predicts."""
    torch.manual_seed(0)
    parser = MODELS.build(config)
    parser.init_weights()
    data = parser.data_preprocessor(batch, training=True)
    optimiser = torch.optim.AdamW(parser.parameters(), lr=3e-3)
    totals = []
    for _ in range(steps):
        total, _ = parser.parse_losses(parser(**data, mode='loss'))
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    assert min(totals[-3:]) < 0.8 * totals[0]
    with torch.no_grad():
        samples = parser.eval().test_step(batch)
    assert [sample.pred_parsing.part_map.shape for sample in samples] == [(1, 96, 128)] * 2
    return parser


@pytest.mark.parametrize('kind', BACKBONES)
def test_backbones(kind, batch):
    needs(kind)
    options, strides = BACKBONES[kind]
    config = tiny_parser_config()
    config['backbone'] = dict(type=kind, **options)
    parser = trains_and_predicts(config, batch)
    assert parser.neck.strides == strides
    fields = parser.predict_fields(torch.rand(1, 3, 64, 96))
    assert [tuple(level.shape[2:]) for level in fields.projection] == [(64 // s, 96 // s) for s in strides]
    used = [name for name, weight in parser.backbone.named_parameters() if weight.grad is not None]
    assert len(used) > 10


@pytest.mark.parametrize('kind', DECODE_HEADS)
def test_decode_heads(kind, batch):
    needs(kind)
    config = tiny_parser_config()
    config['head']['part_branch'] = dict(type=kind, norm_cfg=dict(type='BN'), **DECODE_HEADS[kind])
    # as in a run: the head builds a loss of its own, which is in the registry of its library alone
    with DefaultScope.overwrite_default_scope('mmhparse'):
        parser = trains_and_predicts(config, batch)
    fields = parser.predict_fields(torch.rand(1, 3, 64, 96))
    assert fields.part_stride == (8 if kind == 'mmseg.FCNHead' else 4)
    assert fields.part_logits.shape[2:] == (64 // fields.part_stride, 96 // fields.part_stride)
    assert all(weight.grad is not None for weight in parser.head.branches['part'].head.conv_seg.parameters())


def test_losses(batch):
    needs('mmseg')
    config = tiny_parser_config()
    others = [dict(type='mmseg.CrossEntropyLoss', loss_weight=2.0), dict(type='mmseg.DiceLoss')]
    config['losses']['part'] = dict(type='SegmentationLosses', losses=others)
    parser = trains_and_predicts(config, batch)
    data = parser.data_preprocessor(batch, training=True)
    losses = parser(**data, mode='loss')
    assert {'loss_part_ce', 'loss_part_dice'} < losses.keys()
    # at the truth there is nothing to lose, in their loss as in ours
    targets = TargetFields.cat([sample.gt_fields for sample in batch['data_samples']])
    at_truth = parser.field_losses['part'](targets.as_prediction(15, confidence=100.0), targets)
    assert at_truth['loss_part_ce'] < 1e-3


def test_pretrained_weights_of_a_file(tmp_path):
    """As mmengine does it: names that differ would be left out, so all of them are compared."""
    needs('mmseg')
    plain = dict(type='mmseg.ResNetV1c', depth=18)
    source = MODELS.build(plain)
    source.init_weights()
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'weights.pth')
    config = tiny_parser_config()
    config['backbone'] = dict(plain, init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth')))
    parser = MODELS.build(config)
    parser.init_weights()
    for name, value in parser.backbone.state_dict().items():
        assert torch.equal(value, source.state_dict()[name]), name


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('mmpose.ResNet', r'a single level of features.*out_indices=\(0, 1, 2, 3\)'),
        ('mmseg.VisionTransformer', 'a single level of features'),
    ],
)
def test_backbones_of_one_level_are_refused(kind, message):
    needs(kind)
    options = (
        dict(depth=18)
        if kind == 'mmpose.ResNet'
        else dict(embed_dims=8, num_heads=2, num_layers=1, img_size=(128, 256))
    )
    config = tiny_parser_config()
    config['backbone'] = dict(type=kind, **options)
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


def test_a_head_of_other_classes_is_refused():
    needs('mmseg')
    config = tiny_parser_config()
    config['head']['part_branch'] = dict(type='mmseg.FCNHead', in_index=0, channels=8, num_classes=19)
    with pytest.raises(ValueError, match='num_classes=19, but the part set of the codec has 15'):
        MODELS.build(config)
