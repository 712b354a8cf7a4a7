"""A quantised export computes in int8, but for its fields, and finds nearly the same parts."""

import json
from functools import partial

import cv2
import pytest

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.networks import export_onnx
from mmhparse.engine.packed_weights import inference_config

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

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


@pytest.mark.filterwarnings('ignore')
def test_quantised_export(run, command, exported, repo_root, tmp_path, capsys):
    photos, out = repo_root / 'demo', tmp_path / 'int8.onnx'
    run(exported, photos, '--most', 3, '--max-side', SIDE, '--out', out)
    assert 'calibrated on 3 photos' in capsys.readouterr().out
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
    pytest.importorskip('openvino')
    with pytest.raises(ValueError, match=r"int8\.onnx' is quantised.*backend='onnxruntime'"):
        HumanParsingInferencer(weights=out, **options | {'backend': 'openvino'})


def test_photos_are_spread_and_only_those_that_a_file_lists(command, tmp_path):
    for index in range(10):
        (tmp_path / f'{index}.jpg').touch()
    (tmp_path / 'notes.txt').touch()
    names = [path[-5:] for path in command.calibration_photos(tmp_path, None, 4)]
    assert names == ['0.jpg', '3.jpg', '6.jpg', '9.jpg']
    people = tmp_path / 'people.json'
    people.write_text(json.dumps({'images': [{'file_name': 'train/4.jpg'}, {'file_name': '7.jpg'}]}))
    assert [path[-5:] for path in command.calibration_photos(tmp_path, people, 4)] == ['4.jpg', '7.jpg']


def test_mistakes_are_explained(run, exported, tmp_path, capsys):
    out = ('--out', tmp_path / 'out.onnx')
    empty, text = tmp_path / 'empty', tmp_path / 'text.json'
    empty.mkdir()
    text.write_text('no people')
    for arguments, message in (
        ([exported, empty, *out], 'holds no photos to calibrate with'),
        ([exported, empty, '--people', text, *out], 'lists no photos in COCO'),
        ([tmp_path / 'none.onnx', tmp_path.parent, *out], 'none.onnx'),
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
