"""What runs the network makes no difference: folded batch normalisation and onnxruntime give the parser's fields."""

import copy
import sys

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.networks import OnnxNetwork, TorchNetwork, export_onnx
from mmhparse.apis.networks.onnx_export import as_tensors
from mmhparse.registry import MODELS

LIGHT = dict(type='LightResNet', stem_channels=4, channels=(4, 4, 8, 8), blocks=(1, 1, 1, 1))


def make_parser(backbone, mixing, head=None, **options):
    """A parser with random weights and random statistics of batch normalisation."""
    torch.manual_seed(0)
    parser = MODELS.build(
        dict(
            type='BottomUpHumanParser',
            codec=dict(type='DifferentiableGroupingCodec'),
            backbone=backbone,
            neck=dict(type='PyramidDecoder', channels=8, mixing=mixing),
            head=dict(type='MultiGranularityHead', channels=8, mixing=mixing, **(head or {})),
            losses=dict.fromkeys(('part', 'joint', 'limb', 'projection'), dict(type='PartLoss')),
            **options,
        )
    )
    for module in norms(parser):
        nn.init.uniform_(module.weight, 0.5, 1.5)
        for value in (module.bias, module.running_mean):
            nn.init.normal_(value, std=0.3)
        nn.init.uniform_(module.running_var, 0.5, 2)
    return parser.eval()


def norms(model):
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


@pytest.mark.parametrize(
    ('backbone', 'mixing'),
    [
        (LIGHT, 'plain_3x3'),
        (LIGHT, 'separable_5x5'),
        (dict(type='ResNet', depth=18), 'plain_3x3'),
        (dict(type='MobileNetV1', multiplier=0.25), 'separable_5x5'),
    ],
)
def test_folded_normalisation_changes_nothing(backbone, mixing):
    parser = make_parser(backbone, mixing)
    plain = copy.deepcopy(parser)
    assert norms(parser)
    network = TorchNetwork(parser)
    assert not norms(parser)
    inputs = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        pairs = zip(as_tensors(plain(inputs)), as_tensors(network(inputs)), strict=True)
        for wanted, got in pairs:  # (B, ..., h, w)
            torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item())


@pytest.mark.filterwarnings('ignore')
def test_a_checkpoint_in_onnxruntime(repo_root):
    """The sample photos, by the default model in both backends, without an export being asked for."""
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    options = dict(device='cpu', max_side=320, show_progress=False)
    plain = HumanParsingInferencer(**options)
    exported = HumanParsingInferencer(backend='onnxruntime', **options)
    assert isinstance(exported.parsing_pipeline.network, OnnxNetwork)
    for path in sorted((repo_root / 'demo').glob('*.jpg')):
        image = cv2.imread(str(path))
        one, other = (infer(image)['predictions'][0] for infer in (plain, exported))
        # a pixel on the border of two parts may change sides with the last digits
        assert (one['part_map'] == other['part_map']).mean() > 0.9999, path
        assert (one['person_map'] == other['person_map']).mean() > 0.9999, path
        scores = [[person['score'] for person in found['people']] for found in (one, other)]
        np.testing.assert_allclose(*scores, atol=1e-4)
        points = [np.array([person['keypoints'] for person in found['people']]) for found in (one, other)]
        np.testing.assert_allclose(*points, atol=1e-2)


@pytest.mark.filterwarnings('ignore')
def test_an_export_in_memory_tells_its_strides():
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    parser = make_parser(LIGHT, 'plain_3x3')
    network = OnnxNetwork(export_onnx(parser))
    for batch, height, width in ((1, 64, 96), (2, 128, 32)):
        found = network(torch.zeros(batch, 3, height, width))
        assert (found.stride, found.part_stride) == (4, 2)
        assert found.joint_heatmaps.shape == (batch, 17, height // 4, width // 4)
    with pytest.raises(ValueError, match='The model in memory cannot be opened'):
        OnnxNetwork(b'no model')


@pytest.mark.filterwarnings('ignore')
def test_an_export_has_the_options_of_the_model():
    """The vote map, the neck of the pose and learned prices, in a file, for another size than that of the trace."""
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    neck = dict(type='PyramidDecoder', channels=8, mixing='plain_3x3')
    parser = make_parser(LIGHT, 'plain_3x3', dict(vote_map=True, learned_prices=True), pose_neck=neck)
    nn.init.uniform_(parser.head.limb_prices.log_prices, -2, -0.5)
    network = OnnxNetwork(export_onnx(parser))
    inputs = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted, got = parser(inputs), network(inputs)
    for one, other in zip(as_tensors(got), as_tensors(wanted), strict=True):  # (B, ..., h, w)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * other.abs().max().item())
    torch.testing.assert_close(got.pose.limb_prices, wanted.pose.limb_prices)


@pytest.mark.parametrize('package', ['onnx', 'onnxruntime'])
def test_a_missing_package_is_named(monkeypatch, package):
    for name in ('onnx', 'onnxruntime'):
        if name != package:
            pytest.importorskip(name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match='pip install onnx onnxruntime'):
        HumanParsingInferencer('synthetic', backend='onnxruntime', device='cpu')
