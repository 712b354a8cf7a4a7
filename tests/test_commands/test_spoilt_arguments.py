"""Generated arguments and configs of commands: each ends with a message, never with a traceback, and writes nothing."""

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoilt_values import TEXTS

from mmhparse.commands import load_config
from mmhparse.utils import UsageError

MANY = settings(max_examples=150, suppress_health_check=list(HealthCheck))
TOOLS = {
    'analysis/eval_files.py': [
        '--gt',
        '--pred',
        '--format',
        '--protocol',
        '--part-set',
        '--missing',
        '--out',
        '--workers',
    ],
    'analysis/plot_curves.py': ['--out'],
    'misc/pack_model.py': ['--out'],
    'deployment/export.py': ['--out', '--opset'],
    'analysis/dataset_report.py': ['--split', '--out', '--workers', '--cfg-options'],
    'analysis/eval_photos.py': ['--models', '--config', '--weights', '--bodypix', '--out'],
    'analysis/bench_video.py': ['--size', '--frames', '--repeats', '--codecs', '--threads'],
    'dataset_converters/to_coco_json.py': ['--out-dir', '--split', '--cfg-options'],
    'dataset_converters/to_cihp_layout.py': ['--out-dir', '--split', '--cfg-options'],
    'dataset_converters/to_annotation_tool.py': ['--tool', '--photos', '--out-dir', '--shapes', '--address'],
    'dataset_converters/from_annotation_tool.py': ['--photos', '--classes', '--out-dir', '--split'],
    'dataset_converters/label_photos.py': ['--teacher', '--out-dir', '--workers', '--raw'],
    'dataset_converters/garments_from_ccp.py': ['--teacher', '--out-dir', '--workers'],
    'ray_infer.py': ['--out-dir', '--workers', '--cpus', '--gpus', '--batch-size', '--model', '--config', '--max-side'],
    'train.py': ['--work-dir', '--resume', '--amp', '--launcher', '--cfg-options', '--auto-scale-lr'],
    'test.py': ['--work-dir', '--out', '--show-dir', '--tta', '--cfg-options', '--wait-time'],
    'infer.py': ['--out-dir', '--weights', '--backend', '--device', '--formats', '--batch-size', '--tile', '--model'],
}
REQUIRED = {
    'analysis/eval_files.py': '--gt no --pred no --format cihp',
    'analysis/eval_photos.py': 'no.json no',
    'analysis/bench_video.py': 'no.jpg',
    'dataset_converters/to_annotation_tool.py': 'no --tool cvat --photos no --out-dir no/out',
    'dataset_converters/from_annotation_tool.py': 'no.xml --photos no --classes no.json --out-dir no/out',
    'dataset_converters/label_photos.py': 'no.json no --teacher no.npz --out-dir no/out',
    'dataset_converters/garments_from_ccp.py': 'no no --teacher no.npz --out-dir no/out',
    'ray_infer.py': 'no --out-dir no/out',
}
"""Arguments without which nothing else is looked at."""
WORDS = st.sampled_from(
    ['no.py', 'no.pth', 'no/out', 'no.json', 'no.pkl', 'cihp', 'mhp', 'coco', 'mmhparse', 'x', *TEXTS]
    + ['1' * 30, 'a=b', 'a.b.c=[1,2', 'a=', '=', '=1', '../..', '/', '/dev/null/x', 'a\nb', 'é', '\udcff', '--', '-h']
    + [
        'http://[',
        'https://user:secret@localhost:1/x.pth',
        '*',
        '[',
        '?' * 300,
        'x' * 5000,
        'train',
        'cpu',
        'cuda:99',
        '~nobody',
    ]
)


@pytest.fixture(scope='module')
def tools(load_tool):
    return {name: load_tool(name) for name in TOOLS}


@MANY
@given(data=st.data())
def test_spoilt_arguments(tools, tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(TOOLS)))
    arguments = data.draw(st.just(REQUIRED.get(name, '').split()) | st.lists(WORDS, max_size=3))
    for option in data.draw(st.lists(st.sampled_from(TOOLS[name]), max_size=4)):
        arguments += [option, *data.draw(st.lists(WORDS, max_size=2))]
    if name in ('infer.py', 'ray_infer.py'):  # what is asked for shall not be there
        arguments += ['--weights', 'no.pth']
    folder = tmp_path_factory.mktemp('empty')
    before = os.getcwd()
    os.chdir(folder)
    output = io.StringIO()
    try:
        with (
            redirect_stdout(output),
            redirect_stderr(output),
            mock.patch('sys.argv', [name, *arguments]),
            pytest.raises(SystemExit) as caught,
        ):
            tools[name].main()
    finally:
        os.chdir(before)
    code = caught.value.code
    text = code if isinstance(code, str) else output.getvalue()
    assert code == 0 or 'error: ' in text, text
    assert 'Traceback' not in text
    assert 'secret' not in text or text.startswith('usage: ')  # argparse repeats what it does not take
    assert code != 0 or '-h' in arguments
    assert list(folder.rglob('*')) == []


TEXTS = st.sampled_from(
    [
        '',
        'x',
        'import',
        'x = (',
        'raise ValueError(3)',
        '1 / 0',
        "_base_ = 'gone.py'",
        "_base_ = ['spoilt.py']",
        '_base_ = 3',
    ]
    + [
        "_base_ = 'mmhparse::gone/gone.py'",
        'x = open("gone")',
        'import gone',
        'from gone import x',
        '\x00',
        'é = 1',
        '{}',
        '[]',
    ]
    + [
        "custom_imports = dict(imports=['gone'])",
        'custom_imports = 3',
        'x = lambda: 0',
        'def f(:',
        'x = {{fileDirname}}',
    ]
    + ['x = _base_.x', 'x = {{_base_.x}}', '_delete_ = True', 'default_scope = 3']
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    lines=st.lists(TEXTS, max_size=3) | st.binary(max_size=30),
    options=st.dictionaries(
        st.sampled_from(['a', 'a.b', 'a.0', '', '.', 'a..b', 'model.type']), st.integers(), max_size=2
    ),
)
def test_spoilt_configs(tmp_path_factory, lines, options):
    """A config is read, or its file is named."""
    path = tmp_path_factory.mktemp('config') / 'spoilt.py'
    path.write_bytes(lines if isinstance(lines, bytes) else '\n'.join(lines).encode())
    try:
        load_config(str(path), options)
    except UsageError as error:
        assert 'spoilt.py' in str(error) or any(key in str(error) for key in options), error
