"""Configs saved beside weights: used as they are, or refused with what to do if they are of another package."""

import sys
import types

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, Registry

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.apis.networks.export_format import CONFIG_KEY, exported_config
from mmhparse.engine.checkpoints import saved_config
from mmhparse.engine.config_text import config_of_text
from mmhparse.engine.packed_weights import inference_config, pack_weights, read_packed

ADVICE = r"default_scope is 'oldname', not 'mmhparse'[\s\S]*Train the model again[\s\S]*tools/misc/pack_model\.py"


def test_a_config_comes_back_as_it_was_saved():
    text = "default_scope = 'mmhparse'\nmodel = dict(type='X', depth=3)"
    for checkpoint in ({'meta': {'cfg': text}}, {'message_hub': {'runtime_info': {'cfg': text}}}):
        assert saved_config(checkpoint, 'a.pth').to_dict() == {
            'default_scope': 'mmhparse',
            'model': {'type': 'X', 'depth': 3},
        }
    with pytest.raises(ValueError, match=r"a\.pth' contains no config"):
        saved_config({'state_dict': {}}, 'a.pth')


@pytest.mark.parametrize('scope', ["'mmhparse'", "'mmpose'", "'mmseg'", "'mmdet'", 'None'])
def test_scopes_that_are_known(scope):
    assert config_of_text(f'default_scope = {scope}', 'a.pth').default_scope == eval(scope)
    assert 'model' in config_of_text('model = dict()', 'a.pth')


def test_a_config_of_another_package_is_refused():
    with pytest.raises(ValueError, match=r"'a\.pth' is of another package: its " + ADVICE):
        saved_config({'meta': {'cfg': "default_scope = 'oldname'\nmodel = dict()"}}, 'a.pth')


def test_a_config_that_imports_another_package_is_refused_for_its_scope():
    text = "default_scope = 'oldname'\ncustom_imports = dict(imports=['oldname'])"
    with pytest.raises(ValueError, match=ADVICE):
        config_of_text(text, 'a.pth')
    with pytest.raises(ValueError, match=r"config in 'a\.pth' imports a module that is not installed[\s\S]*oldname"):
        config_of_text(text.replace("'oldname'\n", "'mmhparse'\n"), 'a.pth')


def test_a_package_that_the_config_imports_may_have_its_own_scope(monkeypatch):
    module = types.ModuleType('an_own_project')
    monkeypatch.setitem(sys.modules, 'an_own_project', module)
    Registry('model', parent=MODELS, scope='an_own_project')
    try:
        text = "default_scope = 'an_own_project'\ncustom_imports = dict(imports=['an_own_project'])"
        assert config_of_text(text, 'a.pth').default_scope == 'an_own_project'
    finally:
        del MODELS.children['an_own_project']


def test_packed_weights_and_checkpoints_of_another_package(tmp_path):
    bundled = read_packed(BUNDLED_MODELS['synthetic'].path)
    text = bundled['meta']['cfg'].replace("'mmhparse'", "'oldname'")
    pack_weights(tmp_path / 'old.npz', bundled['state_dict'], text)
    torch.save({'state_dict': bundled['state_dict'], 'meta': {'cfg': text}}, tmp_path / 'old.pth')
    for name in ('old.npz', 'old.pth'):
        with pytest.raises(ValueError, match=name.replace('.', r'\.') + r"' is of another package: its " + ADVICE):
            HumanParsingInferencer(weights=tmp_path / name, device='cpu')
    # with a config of this package they are weights like any
    infer = HumanParsingInferencer('synthetic', tmp_path / 'old.pth', device='cpu')
    assert len(infer(np.zeros((40, 40, 3), np.uint8))['predictions']) == 1


def test_an_export_of_another_package():
    with pytest.raises(ValueError, match=ADVICE):
        exported_config('old.onnx', {CONFIG_KEY: "default_scope = 'oldname'"})


def test_weights_outlive_the_options_of_the_grouping_loss(tmp_path):
    """A photo is parsed with weights of a training of which the loss has other options by now."""
    bundled = read_packed(BUNDLED_MODELS['synthetic'].path)
    cfg = config_of_text(bundled['meta']['cfg'], 'bundled')
    assert 'grouping' not in cfg.model.losses
    cfg.model.losses.grouping = dict(type='GroupingLoss', an_option_of_long_ago=0.25)
    torch.save({'state_dict': bundled['state_dict'], 'meta': {'cfg': cfg.pretty_text}}, tmp_path / 'old.pth')
    infer = HumanParsingInferencer(weights=tmp_path / 'old.pth', device='cpu')
    assert infer.model.grouping_loss is None
    # the config is as it was saved; what is packed from it needs no loss of that time
    assert infer.cfg.model.losses.grouping.an_option_of_long_ago == 0.25
    assert 'grouping' not in inference_config(infer.cfg).model.losses
