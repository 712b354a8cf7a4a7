"""MobileNetV1: where its cells lie, its weights from a file, and agreement with the network that they come from."""

import importlib.util

import numpy as np
import pytest
import torch
from bodypix_file import write_bodypix

from mmhparse.models import MobileNetV1
from mmhparse.models.backbones.mobilenet_v1 import read_bodypix_weights
from mmhparse.models.teachers import load_bodypix
from mmhparse.registry import MODELS


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    return write_bodypix(tmp_path_factory.mktemp('weights') / 'bodypix.npz')


def pretrained(path):
    return dict(type='Pretrained', checkpoint=str(path))


def test_features_have_their_strides_and_widths():
    net = MODELS.build(dict(type='mmhparse.MobileNetV1', multiplier=0.5, out_indices=(0, 2, 4, 12)))
    features = net(torch.zeros(2, 3, 64, 96))
    assert net.out_channels == (32, 64, 128, 256)
    assert [tuple(feature.shape) for feature in features] == [
        (2, 32, 32, 48),
        (2, 64, 16, 24),
        (2, 128, 8, 12),
        (2, 256, 4, 6),
    ]
    dilated = MobileNetV1(0.5, (4, 12), output_stride=8)(torch.zeros(1, 3, 64, 96))
    assert [feature.shape[-2:] for feature in dilated] == [(8, 12), (8, 12)]


def averaging(**options) -> MobileNetV1:
    """A network in which every layer takes means: a ramp goes in, and the place of each cell comes out."""
    net = MobileNetV1(1 / 16, **options)
    for name, weight in net.named_parameters():
        torch.nn.init.constant_(weight, 0 if name.endswith('bias') else 1 / weight[0].numel())
    return net


@pytest.mark.parametrize('output_stride', [8, 16])
@pytest.mark.parametrize('axis', [2, 3])
def test_cells_at_corners_lie_at_multiples_of_the_stride(axis, output_stride):
    features = places(averaging(cells='corners', output_stride=output_stride), 385, axis)
    for feature, stride in zip(features, (4, 8, output_stride), strict=True):
        middle = feature.shape[0] // 2
        assert feature[middle].item() == pytest.approx(stride * middle, abs=0.05)


@pytest.mark.parametrize('axis', [2, 3])
def test_cells_at_centres_lie_amid_their_pixels(axis):
    for feature, stride in zip(places(averaging(cells='centres'), 384, axis), (4, 8, 16), strict=True):
        middle = feature.shape[0] // 2
        assert abs(feature[middle].item() - (stride * middle + (stride - 1) / 2)) <= 2.5 + 1e-3


@torch.no_grad()
def places(net, side, axis):
    """The coordinate that each cell of the middle line sees, far from the borders, for each level."""
    # values stay below 6, where the activation ends
    ramp = torch.arange(side).view(1, 1, -1, 1) / 100  # (1, 1, H, 1)
    image = ramp.expand(1, 3, side, side)
    for feature in net(image if axis == 2 else image.mT):
        middle = feature.shape[-1] // 2
        yield 100 * (feature[0, 0, :, middle] if axis == 2 else feature[0, 0, middle])


def test_a_dilated_network_holds_the_cells_of_the_other():
    """With cells at corners, every other cell of stride 8 is one of stride 16."""
    torch.manual_seed(0)
    coarse = MobileNetV1(0.25, (12,), cells='corners').eval()
    coarse.init_weights()
    fine = MobileNetV1(0.25, (12,), output_stride=8, cells='corners')
    fine.load_state_dict(coarse.state_dict())
    image = torch.rand(1, 3, 97, 129)
    with torch.no_grad():
        torch.testing.assert_close(fine(image)[0][..., ::2, ::2], coarse(image)[0])


def test_frozen_blocks_have_no_gradients_and_change_nothing_else():
    torch.manual_seed(0)
    net = MobileNetV1(0.25, (4, 12), frozen_blocks=3)
    free = MobileNetV1(0.25, (4, 12))
    free.load_state_dict(net.state_dict())
    image = torch.rand(1, 3, 64, 64)
    outputs = net(image)
    torch.testing.assert_close(outputs, free(image))
    sum(output.sum() for output in outputs).backward()
    frozen = {name for name, weight in net.named_parameters() if weight.grad is None}
    assert frozen == {
        f'{layer}.{kind}'
        for layer in ('conv0', *(f'{kind}.{index}' for kind in ('dw', 'pw') for index in range(3)))
        for kind in ('weight', 'bias')
    }


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(out_indices=(4, 2)), 'out_indices must be ascending'),
        (dict(out_indices=(4, 13)), 'out_indices must be ascending'),
        (dict(output_stride=32), 'output_stride must be 8 or 16, got 32'),
        (dict(cells='middle'), "cells must be 'corners' or 'centres', got 'middle'"),
        (dict(frozen_blocks=14), 'frozen_blocks must be 0 to 13, got 14'),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        MobileNetV1(**options)


def test_weights_come_from_the_file(weights):
    net = MobileNetV1(init_cfg=pretrained(weights))
    net.init_weights()
    with np.load(weights) as arrays:
        for name, value in net.state_dict().items():
            np.testing.assert_array_equal(value, arrays[name])


def test_weights_of_another_width_are_refused(weights):
    with pytest.raises(ValueError, match='another variant of MobileNetV1: conv0.weight does not fit'):
        MobileNetV1(0.5, init_cfg=pretrained(weights)).init_weights()


def test_broken_files_of_weights(tmp_path, weights):
    with pytest.raises(FileNotFoundError, match='There are no BodyPix weights at'):
        read_bodypix_weights(tmp_path / 'gone.npz')
    text = tmp_path / 'text.npz'
    text.write_text('404: not found')
    with pytest.raises(ValueError, match='cannot be read as BodyPix weights'):
        read_bodypix_weights(text)
    cut = tmp_path / 'cut.npz'
    cut.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(ValueError, match='cannot be read as BodyPix weights'):
        read_bodypix_weights(cut)
    pickled = tmp_path / 'pickled.npz'
    np.savez(pickled, **{'conv0.weight': np.array([object()])})
    with pytest.raises(ValueError, match='cannot be read as BodyPix weights'):
        read_bodypix_weights(pickled)
    other = tmp_path / 'other.npz'
    np.savez(other, fc=np.zeros(3))
    with pytest.raises(ValueError, match='holds no weights of BodyPix: it lacks conv0.weight'):
        read_bodypix_weights(other)
    infinite = write_bodypix(tmp_path / 'infinite.npz', **{'pw.3.bias': np.full(192, np.inf)})
    with pytest.raises(ValueError, match='is broken: pw.3.bias holds values that are not finite'):
        read_bodypix_weights(infinite)


def test_the_teacher_refuses_another_variant(tmp_path):
    with pytest.raises(ValueError, match='another variant of BodyPix'):
        load_bodypix(write_bodypix(tmp_path / 'half.npz', multiplier=0.5))


@pytest.mark.parametrize('output_stride', [8, 16])
def test_the_network_is_bodypix(bodypix, output_stride):
    """Against another implementation, with the trained weights."""
    spec = importlib.util.spec_from_file_location('other_bodypix', bodypix / 'bodypix.py')
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    path = bodypix / 'bodypix_mobilenet_075.npz'
    image = torch.rand(1, 3, 97, 129, generator=torch.Generator().manual_seed(0)) * 2 - 1
    net, theirs = load_bodypix(path, output_stride), other.load(output_stride)
    backbone = MobileNetV1(out_indices=tuple(range(13)), output_stride=output_stride, cells='corners')
    backbone.init_cfg = pretrained(path)
    backbone.init_weights()
    with torch.no_grad():
        for ours, features in zip(backbone(image), theirs.features(image), strict=True):
            torch.testing.assert_close(ours, features, rtol=1e-4, atol=1e-4)
        ours, outputs = net(image), theirs(image)
    assert ours.keys() == outputs.keys()
    for name, value in outputs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-3)
