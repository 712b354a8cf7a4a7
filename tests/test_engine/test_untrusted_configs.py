"""Configs inside files of weights cannot run code, whichever file it is and whichever way in."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.apis.networks import onnx_network
from mmhparse.apis.networks.export_format import CONFIG_KEY
from mmhparse.engine.config_text import config_of_text
from mmhparse.engine.packed_weights import pack_weights, read_packed
from mmhparse.registry import MODELS

MARK = 'MARK'
PROGRAMS = {
    'import': "import pathlib\npathlib.Path('MARK').touch()",
    'call': "x = __import__('pathlib').Path('MARK').touch()",
    'call in a value': "model = dict(type='X', depth=[3, open('MARK', 'w')])",
    'default of a function': "def f(x=open('MARK', 'w')): pass",
    'comprehension': "x = [open(name, 'w') for name in ['MARK']]",
    'class': "class A:\n    open('MARK', 'w')",
    'formatted text': 'x = f\'{open("MARK", "w")}\'',
    'argument of dict': "x = dict(open('MARK', 'w'))",
    'unpacked': "x = dict(**open('MARK', 'w'))",
    'unpacked in braces': "x = {**open('MARK', 'w')}",
    'with': "with open('MARK', 'w'): pass",
    'expression': "open('MARK', 'w')",
    'assignment to an attribute': "x = dict()\nx.y = open('MARK', 'w')",
    'decorator': "@open('MARK', 'w').write\ndef f(): pass",
    'operator': "x = 1 if open('MARK', 'w') else 2",
    'walrus': "x = (y := open('MARK', 'w'))",
    'annotation': "x: open('MARK', 'w') = 3",
    'base': "_base_ = open('MARK', 'w')",
}
TYPES = {
    'function': "dict(type='os.system', command='touch MARK')",
    'method': "dict(type='pathlib.Path.touch', self='MARK')",
    'class': "dict(type='subprocess.Popen', args=['touch', 'MARK'])",
    'function of a library': "dict(type='mmengine.dump', obj=1, file='MARK', file_format='json')",
    'inside of a model': "dict(type='BottomUpHumanParser', backbone=[(dict(type='os.mkdir', path='MARK'),)])",
    'builtin': "dict(type='builtins.open', file='MARK', mode='w')",
    'no class but made of one': "dict(type='io.open', file='MARK', mode='w')",
}


@pytest.fixture
def mark(tmp_path):
    """A file that only an attack writes."""
    path = tmp_path / 'ran'
    yield path
    assert not path.exists()


def by_checkpoint(text, folder, monkeypatch):
    torch.save(dict(state_dict={'weight': torch.zeros(1)}, meta=dict(cfg=text)), folder / 'a.pth')
    HumanParsingInferencer(weights=folder / 'a.pth', device='cpu')


def by_message_hub(text, folder, monkeypatch):
    hub = dict(runtime_info=dict(cfg=text))
    torch.save(dict(state_dict={'weight': torch.zeros(1)}, message_hub=hub), folder / 'a.pth')
    HumanParsingInferencer(weights=folder / 'a.pth', device='cpu')


def by_packed_weights(text, folder, monkeypatch):
    pack_weights(folder / 'a.npz', {'weight': torch.zeros(1)}, text)
    HumanParsingInferencer(weights=folder / 'a.npz', device='cpu')


def by_export(text, folder, monkeypatch):
    class Session:
        custom_metadata_map = {CONFIG_KEY: text}

        def get_modelmeta(self):
            return self

    monkeypatch.setattr(onnx_network, 'open_session', lambda path, device: Session())
    (folder / 'a.onnx').touch()
    HumanParsingInferencer(weights=folder / 'a.onnx', backend='onnxruntime', device='cpu')


WAYS = [by_checkpoint, by_message_hub, by_packed_weights, by_export]


def test_the_attacks_are_real(tmp_path):
    """Run as mmengine runs a config's text, and built as it builds a type, they write the file."""
    Config.fromstring(PROGRAMS['default of a function'].replace(MARK, str(tmp_path / 'read')), '.py')
    assert (tmp_path / 'read').exists()
    MODELS.build(dict(type='os.mkdir', path=str(tmp_path / 'built')))
    assert (tmp_path / 'built').exists()


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('program', PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_is_not_run(tmp_path, mark, monkeypatch, way, program):
    text = "default_scope = 'mmhparse'\n" + program.replace(MARK, str(mark))
    with pytest.raises(
        ValueError, match=r"config in '.*a\.\w+' is more than names and values: line \d+ is .* from som"
    ):
        way(text, tmp_path, monkeypatch)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('kind', TYPES.values(), ids=TYPES)
def test_a_type_is_not_called(tmp_path, mark, monkeypatch, way, kind):
    text = f"default_scope = 'mmhparse'\nmodel = {kind.replace(MARK, str(mark))}"
    with pytest.raises(ValueError, match=r"a\.\w+' has the type '[\w.]+', which is no registered class and no module"):
        way(text, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    'kind',
    [
        'mmhparse.BottomUpHumanParser',
        'mmhparse.models.parsers.BottomUpHumanParser',
        'torch.nn.ReLU',
        'X',
        'a.B',
        3,
        'mmengine.utils.path.os.system',
    ],
)
def test_types_that_models_have(kind):
    assert config_of_text(f'model = dict(type={kind!r})', 'a.pth').model.type == kind


@pytest.mark.parametrize(
    'text', ['x = ', 'x = {[]: 1}', 'x = ' + '[' * 500, 'x = ' + '-' * 20000 + '1', '\0', 'x = {{1}}']
)
def test_texts_that_are_no_configs(text):
    with pytest.raises(ValueError, match=r"config in 'a\.pth' (cannot be read|is more than names and values)"):
        config_of_text(text, 'a.pth')


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=3)
NAMES = st.from_regex(r'[a-z]{1,5}[0-9]', fullmatch=True)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(values=st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_saved_is_read_again(values):
    """mmengine's own text of a config; where mmengine cannot write one, it is the plain text of the values."""
    text = '\n'.join(f'{name} = {value!r}' for name, value in values.items())
    assert config_of_text(text, 'a.pth').to_dict() == Config(values).to_dict()


@pytest.mark.parametrize('name', BUNDLED_MODELS)
def test_bundled_configs_are_read_as_mmengine_reads_them(name):
    text = read_packed(BUNDLED_MODELS[name].path)['meta']['cfg']
    assert config_of_text(text, name).to_dict() == Config.fromstring(text, '.py').to_dict()


def test_configs_of_trainings_are_read_as_mmengine_reads_them(repo_root):
    paths = sorted((repo_root / 'configs').glob('*/*.py'))
    assert len(paths) > 10
    for path in paths:
        cfg = Config.fromfile(path)
        assert config_of_text(cfg.pretty_text, str(path)).to_dict() == cfg.to_dict(), path


def test_numbers_without_a_literal():
    cfg = config_of_text('a = -inf\nb = [nan, inf]\nc = set()\nd = {1, 2}', 'a.pth')
    assert cfg.a == -math.inf and np.isnan(cfg.b[0]) and cfg.c == set() and cfg.d == {1, 2}
