"""The levels of a backbone are found by a forward pass, and the decoder uses those that fit."""

import sys
from types import ModuleType

import pytest
import torch
from test_models.conftest import tiny_parser_config
from torch import nn

from mmhparse.models import LightResNet, PyramidDecoder
from mmhparse.models.build_piece import build_piece
from mmhparse.models.pyramid_shape import pyramid_shape
from mmhparse.registry import MODELS


class Levels(nn.Module):
    """Returns what ``make`` makes of the image."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, image):
        return self.make(image)


def level(stride, channels=4):
    return lambda image: image.new_zeros(1, channels, image.shape[2] // stride, image.shape[3] // stride)


def test_trying_a_backbone_changes_nothing():
    backbone = LightResNet(8, (8, 12, 16, 20), (1, 1, 1, 1)).train()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    random = torch.get_rng_state()
    shape = pyramid_shape(backbone)
    assert (shape.channels, shape.strides) == ((8, 12, 16, 20), (4, 8, 16, 32))
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in backbone.modules())
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (level(4), 'single level'),
        (lambda image: (level(4)(image),), 'single level'),
        (lambda image: (level(8)(image), level(4)(image)), r'strides \(8, 4\), but the finest must come first'),
        (lambda image: (level(4)(image), image.new_zeros(1, 64, 16)), r'level 1 .* must be a map .* got \(1, 64, 16\)'),
        (lambda image: (level(4)(image), [image]), 'level 1 .* got list'),
        (lambda image: (image.new_zeros(1, 3, 30, 60), level(8)(image)), 'level 0 .* has 30x60 cells'),
        (lambda image: (image.new_zeros(1, 3, 32, 32), level(8)(image)), 'level 0 .* has 32x32 cells'),
    ],
)
def test_what_is_no_pyramid_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        pyramid_shape(Levels(make))


@pytest.mark.parametrize(
    ('strides', 'expected'),
    [
        ((2, 4, 8, 16), (4, 8, 16)),
        ((4, 8, 8, 8), (4, 8, 8, 8)),
        ((8, 16, 32), (4, 8, 16, 32)),
        ((16, 16), (4, 16, 16)),
    ],
)
def test_the_decoder_brings_any_strides_to_the_codecs(strides, expected):
    channels = tuple(range(8, 8 + len(strides)))
    decoder = PyramidDecoder(channels, 16, strides, 4, mixing='plain_3x3').eval()
    assert decoder.strides == expected
    features = [torch.rand(1, c, 64 // s, 96 // s) for c, s in zip(channels, strides, strict=True)]
    assert [tuple(out.shape) for out in decoder(features)] == [(1, 16, 64 // s, 96 // s) for s in expected]


@pytest.mark.parametrize('strides', [(6, 12), (2, 2)])
def test_strides_that_cannot_be_brought_there_are_refused(strides):
    with pytest.raises(ValueError, match='cannot be brought to stride 4 of the codec'):
        PyramidDecoder((8, 8), 16, strides, 4)


def test_padding_must_suit_the_coarsest_level():
    config = tiny_parser_config(data_preprocessor=dict(type='HumanParseDataPreprocessor', pad_size_divisor=48))
    with pytest.raises(ValueError, match='pad_size_divisor=96'):
        MODELS.build(config)


def test_a_missing_library_is_named_with_what_to_install(monkeypatch):
    def no_ops(kind):
        raise ModuleNotFoundError("No module named 'mmcv._ext'")

    monkeypatch.setitem(sys.modules, 'mmpose', ModuleType('mmpose'))  # as if it were installed
    monkeypatch.setattr(MODELS, 'get', no_ops)
    with pytest.raises(ImportError, match=r"model.backbone is a 'mmpose.HRNet', .*mmcv._ext.*pip install mmdet==3.3.0"):
        build_piece(dict(type='mmpose.HRNet'), 'backbone')


def test_an_unknown_type_is_named_with_its_key():
    with pytest.raises(ValueError, match="model.backbone is a 'ResNest', which no installed library has"):
        MODELS.build(tiny_parser_config() | dict(backbone=dict(type='ResNest')))
