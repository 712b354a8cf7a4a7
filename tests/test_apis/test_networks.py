"""What runs the network makes no difference: folded batch normalisation and other runtimes give the parser's fields."""

import copy
import pickle
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.apis.building import build_model
from mmhparse.apis.networks import OnnxNetwork, OpenVinoNetwork, TorchNetwork, export_onnx
from mmhparse.apis.networks.onnx_export import as_tensors
from mmhparse.apis.share import Share
from mmhparse.cli.infer import make_inferencer, parse_args
from mmhparse.cli.launched import LaunchedProcess
from mmhparse.engine.packed_weights import inference_config
from mmhparse.registry import MODELS

runtimes = pytest.mark.parametrize(('backend', 'kind'), [('onnxruntime', OnnxNetwork), ('openvino', OpenVinoNetwork)])
LIGHT = dict(type='LightResNet', stem_channels=4, channels=(4, 4, 8, 8), blocks=(1, 1, 1, 1))


def skip_without(backend):
    """The package of a backend; skips the test where it, or onnx, which exports, is not installed."""
    pytest.importorskip('onnx')
    return pytest.importorskip(backend)


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
@runtimes
def test_a_checkpoint_in_another_runtime(repo_root, backend, kind):
    """The sample photos, by the default model in both backends, without an export being asked for."""
    skip_without(backend)
    options = dict(max_side=320, show_progress=False)
    plain = HumanParsingInferencer(device='cpu', **options)
    exported = HumanParsingInferencer(device='cpu', backend=backend, **options)
    assert isinstance(exported.parsing_pipeline.network, kind)
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
@runtimes
def test_an_export_in_memory_tells_its_strides(backend, kind):
    skip_without(backend)
    parser = make_parser(LIGHT, 'plain_3x3')
    network = kind(export_onnx(parser))
    for batch, height, width in ((1, 64, 96), (2, 128, 32)):
        found = network(torch.zeros(batch, 3, height, width))
        assert (network.format.stride, network.format.part_stride) == (found.stride, found.part_stride) == (4, 2)
        assert found.joint_heatmaps.shape == (batch, 17, height // 4, width // 4)
    with pytest.raises(ValueError, match='The model in memory cannot be'):
        kind(b'no model')


@pytest.mark.filterwarnings('ignore')
@runtimes
def test_a_file_holds_all_that_parsing_needs(tmp_path, backend, kind):
    """Its config is in its metadata; a file without metadata is named, and so is one of a network of other outputs."""
    skip_without(backend)
    import onnx

    one = HumanParsingInferencer('synthetic', device='cpu', show_progress=False)
    (tmp_path / 'model.onnx').write_bytes(export_onnx(one.model, inference_config(one.cfg)))
    other = HumanParsingInferencer(weights=tmp_path / 'model.onnx', backend=backend, device='cpu', show_progress=False)
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    maps = [infer(image)['predictions'][0]['part_map'] for infer in (one, other)]
    assert (maps[0] == maps[1]).mean() > 0.999
    whole = onnx.load(tmp_path / 'model.onnx')
    nameless, fewer = onnx.ModelProto(), onnx.ModelProto()
    for model in (nameless, fewer):
        model.CopyFrom(whole)
    del nameless.metadata_props[:], fewer.graph.output[-1]
    for model in (nameless, fewer):
        with pytest.raises(ValueError, match=r'The model in memory was not written by tools/deployment/export\.py'):
            kind(model.SerializeToString())
    onnx.save(nameless, tmp_path / 'nameless.onnx')
    with pytest.raises(ValueError, match=r"nameless\.onnx' contains no config"):
        HumanParsingInferencer(weights=tmp_path / 'nameless.onnx', backend=backend, device='cpu')


@pytest.mark.filterwarnings('ignore')
@runtimes
def test_an_export_has_the_options_of_the_model(backend, kind):
    """The vote map, the neck of the pose and learned prices, in a file, for another size than that of the trace."""
    skip_without(backend)
    neck = dict(type='PyramidDecoder', channels=8, mixing='plain_3x3')
    parser = make_parser(LIGHT, 'plain_3x3', dict(vote_map=True, learned_prices=True), pose_neck=neck)
    nn.init.uniform_(parser.head.limb_prices.log_prices, -2, -0.5)
    network = kind(export_onnx(parser))
    inputs = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted, got = parser(inputs), network(inputs)
    for one, other in zip(as_tensors(got), as_tensors(wanted), strict=True):  # (B, ..., h, w)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * other.abs().max().item())
    torch.testing.assert_close(got.pose.limb_prices, wanted.pose.limb_prices)


@pytest.mark.parametrize(
    ('backend', 'package'), [('onnxruntime', 'onnx'), ('onnxruntime', 'onnxruntime'), ('openvino', 'openvino')]
)
def test_a_missing_package_is_named(monkeypatch, backend, package):
    for name in {'onnx', backend} - {package}:
        pytest.importorskip(name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=f'pip install onnx {backend}'):
        HumanParsingInferencer('synthetic', backend=backend, device='cpu')


@pytest.mark.filterwarnings('ignore')
def test_half_precision_in_openvino():
    """The fields are near those of the parser and not the same; each batch has its own, whatever ran before."""
    skip_without('openvino')
    parser = make_parser(LIGHT, 'plain_3x3')
    try:
        network = OpenVinoNetwork(export_onnx(parser), precision='bfloat16')
    except ValueError as error:
        cpu = Path('/proc/cpuinfo')
        flags = set(cpu.read_text().split()) if cpu.exists() else set()
        if 'no instructions' not in str(error) or flags & {'avx512_bf16', 'amx_bf16'}:
            raise
        pytest.skip(str(error))
    generator = torch.Generator().manual_seed(1)
    for size in ((2, 3, 64, 96), (1, 3, 96, 64), (2, 3, 64, 96)):
        inputs = torch.randn(size, generator=generator)
        with torch.no_grad():
            pairs = zip(as_tensors(network(inputs)), as_tensors(parser(inputs)), strict=True)
        for got, wanted in pairs:  # (B, ..., h, w)
            assert got.dtype == torch.float32 and got.shape == wanted.shape
            difference = (got - wanted).abs().mean() / wanted.abs().mean()
            assert 1e-4 < difference < 0.05


def test_no_backend_ignores_a_precision():
    for options, message in (
        (dict(precision='int4'), "precision must be among .* with the backend 'torch', got 'int4'"),
        (
            dict(backend='onnxruntime', precision='bfloat16'),
            r"among \('float32', 'int8'\) with the backend 'onnxruntime'",
        ),
        (dict(backend='openvino', precision='float16'), "with the backend 'openvino', got 'float16'"),
    ):
        with pytest.raises(ValueError, match=message):
            HumanParsingInferencer('synthetic', device='cpu', **options)


@pytest.mark.filterwarnings('ignore')
def test_what_openvino_cannot_do_is_refused(monkeypatch):
    openvino = skip_without('openvino')
    exported = export_onnx(make_parser(LIGHT, 'plain_3x3'))
    with pytest.raises(ValueError, match="device='cpu', not 'cuda:0'"):
        OpenVinoNetwork(exported, 'cuda:0')
    monkeypatch.setattr(openvino.Core, 'get_property', lambda core, device, name: ['FP32', 'INT8'])
    with pytest.raises(ValueError, match="no instructions for precision='bfloat16'"):
        OpenVinoNetwork(exported, precision='bfloat16')


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_networks_can_be_pickled(backend):
    """Processes that are spawned get an inferencer by pickle."""
    skip_without(backend)
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    infer = HumanParsingInferencer('synthetic', backend=backend, device='cpu')
    one, other = (each(image)['predictions'][0] for each in (infer, pickle.loads(pickle.dumps(infer))))
    np.testing.assert_array_equal(one['part_map'], other['part_map'])


def test_int8_needs_a_quantised_model():
    skip_without('openvino')
    infer = HumanParsingInferencer('synthetic', device='cpu')
    with pytest.raises(ValueError, match='is not quantised: tools/deployment/quantize_onnx.py does that'):
        OpenVinoNetwork(export_onnx(infer.model, inference_config(infer.cfg)), precision='int8')


def test_a_process_with_a_gpu_of_its_own_runs_openvino_on_the_cpu(monkeypatch):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    monkeypatch.setattr('mmhparse.cli.infer.HumanParsingInferencer', lambda *args, **options: options['device'])
    process = LaunchedProcess(Share(1, 2), local_rank=1)
    devices = [
        make_inferencer(parse_args(['a.jpg', '--out-dir', 'out', '--backend', backend, *device]), process)
        for backend, device in (('openvino', []), ('torch', []), ('torch', ['--device', 'cpu']))
    ]
    assert devices == [None, 'cuda:1', 'cpu']


def test_openvino_takes_the_cpu_beside_a_gpu(monkeypatch):
    skip_without('openvino')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)  # mmengine's first logger asks for it, too
    assert HumanParsingInferencer('synthetic', backend='openvino').device == 'cpu'


@pytest.mark.filterwarnings('ignore')
@runtimes
def test_the_default_model_in_int8(repo_root, backend, kind):
    """By its name and as the default; nearly all pixels are those of float32."""
    skip_without(backend)
    options = dict(device='cpu', max_side=320, show_progress=False)
    plain = HumanParsingInferencer(**options)
    for model in (None, 'photos-14-parts'):
        rounded = HumanParsingInferencer(model, backend=backend, precision='int8', **options)
        assert isinstance(rounded.parsing_pipeline.network, kind)
        image = cv2.imread(str(repo_root / 'demo' / 'tennis.jpg'))
        one, other = (infer(image)['predictions'][0] for infer in (plain, rounded))
        assert 0.97 < (one['part_map'] == other['part_map']).mean() < 1
        assert len(one['people']) == len(other['people']) and (one['part_map'] > 0).mean() > 0.02


def test_int8_is_refused_for_models_that_have_no_export_in_it(tmp_path):
    (tmp_path / 'model.onnx').touch()
    for model, weights in (('synthetic', None), (None, tmp_path / 'model.onnx'), ({'model': {}}, None)):
        with pytest.raises(ValueError, match=r"models \['photos-14-parts'\] of the package.*quantize_onnx\.py"):
            HumanParsingInferencer(model, weights, backend='openvino', precision='int8')


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', [name for name, model in BUNDLED_MODELS.items() if model.int8_path])
def test_an_export_in_int8_was_made_of_the_weights_in_the_package(name):
    """Its weights are those of today's export, to half a step of their channel where they are rounded."""
    onnx = pytest.importorskip('onnx')
    cfg = Config()
    model = build_model(cfg, BUNDLED_MODELS[name].path, 'torch')
    exact = onnx.load_from_string(export_onnx(model, inference_config(cfg)))
    rounded = onnx.load(BUNDLED_MODELS[name].int8_path)
    metadata = [{entry.key: entry.value for entry in model.metadata_props} for model in (exact, rounded)]
    assert metadata[0].items() <= metadata[1].items()
    graphs = [model.graph for model in (exact, rounded)]
    arrays = [{one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer} for graph in graphs]
    names = [{node.name: node.input[1] for node in graph.node if node.op_type == 'Conv'} for graph in graphs]
    assert names[0].keys() == names[1].keys()
    compared = 0
    for node, key in names[0].items():
        weights, key = arrays[0][key], names[1][node].removesuffix('_DequantizeLinear_Output')
        if key in arrays[1]:
            np.testing.assert_allclose(arrays[1][key], weights, rtol=1e-5, atol=1e-7)
        else:
            integers, step = arrays[1][f'{key}_quantized'], arrays[1][f'{key}_scale']  # (out, in, h, w), (out,)
            step = step[:, None, None, None]
            assert (np.abs(integers * step - weights) <= 0.51 * step).all() and integers.dtype == np.int8
            compared += 1
    assert compared > 30
