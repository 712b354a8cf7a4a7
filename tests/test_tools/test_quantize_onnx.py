"""A quantised export computes in int8, but for its fields, and finds nearly the same parts."""

import json
import warnings
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.networks import OnnxNetwork, OpenVinoNetwork, export_onnx
from mmhparse.apis.networks.export_format import OUTPUTS
from mmhparse.apis.networks.onnx_export import as_tensors
from mmhparse.engine.packed_weights import inference_config

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')
helper, numpy_helper = onnx.helper, onnx.numpy_helper

SIDE = 192


@pytest.fixture(scope='module')
def command(load_tool):
    return load_tool('deployment/quantize_onnx.py')


@pytest.fixture
def run(command, call_main):
    return partial(call_main, command)


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp('export') / 'model.onnx'
    model = HumanParsingInferencer('photos-14-parts', device='cpu')
    path.write_bytes(export_onnx(model.model, inference_config(model.cfg)))
    return path


@pytest.fixture(scope='module')
def quantised(command, exported, repo_root, tmp_path_factory):
    out = tmp_path_factory.mktemp('int8') / 'int8.onnx'
    infer = HumanParsingInferencer(weights=exported, backend='onnxruntime', max_side=SIDE, show_progress=False)
    photos = sorted(map(str, (repo_root / 'demo').glob('*.jpg')))[:3]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        command.quantize(infer, exported, photos, out)
    return out


@pytest.mark.filterwarnings('ignore')
def test_the_command_says_what_it_did(run, exported, repo_root, tmp_path, capsys):
    run(exported, repo_root / 'demo', '--most', 1, '--max-side', 64, '--out', tmp_path / 'int8.onnx')
    printed = capsys.readouterr().out
    assert 'calibrated on 1 photos' in printed and 'part_logits: ' in printed
    assert (tmp_path / 'int8.onnx').stat().st_size < 0.45 * exported.stat().st_size


@pytest.mark.filterwarnings('ignore')
def test_quantised_export(exported, quantised, repo_root):
    photos, out = repo_root / 'demo', quantised
    assert out.stat().st_size < 0.45 * exported.stat().st_size
    # the weights of most convolutions are int8, but not of those that fields come from
    graph = onnx.load(out).graph
    rounded = {name for node in graph.node if node.op_type == 'DequantizeLinear' for name in node.output}
    convs = [node for node in graph.node if node.op_type == 'Conv']
    exact = {node.name for node in convs if node.input[1] not in rounded}
    assert {'/head/joint/heatmaps/Conv', '/head/limb/vectors/Conv', '/head/part/logits/logits.0/Conv'} <= exact
    assert '/head/projection/refine.0/flow/Conv' in exact and '/backbone/conv0/Conv' in exact
    assert '/neck/mix.0/conv/Conv' not in exact and len(exact) < len(convs) / 4
    # and it parses like the export that it was made of
    options = dict(backend='onnxruntime', device='cpu', max_side=SIDE, show_progress=False)
    infers = [HumanParsingInferencer(weights=path, **options) for path in (exported, out)]
    image = cv2.imread(str(photos / 'tennis.jpg'))
    one, other = (infer(image)['predictions'][0] for infer in infers)
    assert (one['part_map'] == other['part_map']).mean() > 0.95
    assert 0 < (one['part_map'] > 0).mean() < 0.9


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
def test_openvino_computes_a_quantised_export(exported, quantised, precision):
    """Near to the export for batches of other sizes than those of the calibration."""
    pytest.importorskip('openvino')
    exact = OnnxNetwork(exported)
    try:
        rounded = OpenVinoNetwork(quantised, precision=precision)
    except ValueError as error:
        pytest.skip(str(error))
    for batch, height, width in ((1, 96, 160), (2, 160, 96), (1, 128, 128)):
        image = torch.linspace(-2, 2, width).expand(batch, 3, height, width) * torch.ones(height).cumsum(0)[:, None]
        image = image.div(height).contiguous()
        for name, one, other in zip(OUTPUTS, as_tensors(exact(image)), as_tensors(rounded(image)), strict=True):
            assert one.shape == other.shape
            # features that are read at a wrong size make fields of which the difference is that large as well
            assert (one - other).abs().mean() < 0.5 * one.abs().mean(), name


def test_what_other_tools_quantised_is_refused_by_openvino(exported, tmp_path):
    pytest.importorskip('openvino')
    model = onnx.load(exported)
    conv = next(node for node in model.graph.node if node.op_type == 'Conv')
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1 / 64), 'step'))
    model.graph.initializer.append(numpy_helper.from_array(np.uint8(128), 'zero'))
    rounded = [helper.make_node('QuantizeLinear', [conv.input[0], 'step', 'zero'], ['steps'])]
    rounded.append(helper.make_node('DequantizeLinear', ['steps', 'step', 'zero'], ['rounded']))
    conv.input[0] = 'rounded'
    for place, node in enumerate(rounded):
        model.graph.node.insert(place, node)
    onnx.save(model, tmp_path / 'foreign.onnx')
    OnnxNetwork(tmp_path / 'foreign.onnx')
    with pytest.raises(ValueError, match=r"foreign\.onnx' is quantised in a way .* backend='onnxruntime'"):
        OpenVinoNetwork(tmp_path / 'foreign.onnx')


def test_sizes_of_features_follow_from_the_size_of_the_image(command, exported):
    """The same shapes at sizes that were not looked at; none is read from 4-dimensional features any more."""
    before, after = onnx.load(exported), onnx.load(exported)
    example = np.zeros((1, 3, 64, 96), np.float32)
    command.read_sizes_of_inputs(after, command.shapes_of(after, example), (64, 96))
    kept = {node.output[0] for node in after.graph.node if node.op_type == 'Shape'}
    names = [node.output[0] for node in before.graph.node if node.op_type == 'Shape']
    for size in ((1, 3, 64, 96), (2, 3, 160, 32)):
        image = np.zeros(size, np.float32)
        wanted = command.shapes_of(before, image)
        replaced = [name for name in names if len(wanted[name]) == 4]
        assert replaced and not kept & set(replaced)
        del after.graph.output[:]
        after.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.INT64, None) for name in names)
        got = onnxruntime.InferenceSession(after.SerializeToString()).run(names, {'inputs': image})
        for name, value in zip(names, got, strict=True):
            np.testing.assert_array_equal(value, wanted[name], name)


def test_photos_are_spread_and_only_those_that_a_file_lists(command, tmp_path):
    for index in range(10):
        (tmp_path / f'{index}.jpg').touch()
    (tmp_path / 'notes.txt').touch()
    names = [path[-5:] for path in command.calibration_photos(tmp_path, None, 4)]
    assert names == ['0.jpg', '3.jpg', '6.jpg', '9.jpg']
    people = tmp_path / 'people.json'
    people.write_text(json.dumps({'images': [{'file_name': 'train/4.jpg'}, {'file_name': '7.jpg'}]}))
    assert [path[-5:] for path in command.calibration_photos(tmp_path, people, 4)] == ['4.jpg', '7.jpg']


def test_mistakes_are_explained(run, exported, quantised, repo_root, tmp_path, capsys):
    out = ('--out', tmp_path / 'out.onnx')
    empty, text = tmp_path / 'empty', tmp_path / 'text.json'
    empty.mkdir()
    text.write_text('no people')
    for arguments, message in (
        ([exported, empty, *out], 'holds no photos to calibrate with'),
        ([exported, empty, '--people', text, *out], 'lists no photos in COCO'),
        ([tmp_path / 'none.onnx', tmp_path.parent, *out], 'none.onnx'),
        ([quantised, repo_root / 'demo', *out], 'is quantised already: give the export that it was made of'),
    ):
        (tmp_path.parent / 'photo.jpg').touch()
        with pytest.raises(SystemExit, match=message):
            run(*arguments)
    for arguments, message in (
        ([exported, empty, '--out', tmp_path / 'out.pth'], 'must end in .onnx'),
        ([exported, empty, '--most', 0, *out], 'at least 1'),
    ):
        with pytest.raises(SystemExit, match='2'):
            run(*arguments)
        assert message in capsys.readouterr().err
