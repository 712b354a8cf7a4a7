"""What is installed finds its configs and tools."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine import load
from mmengine.config import Config
from mmengine.infer import BaseInferencer

import mmhparse
from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer


def build(repo_root, folder, **environment):
    return subprocess.run(
        [sys.executable, 'setup.py', '-q', 'build', '--build-base', str(folder)],
        cwd=repo_root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_a_built_package_holds_configs_and_tools(repo_root, tmp_path):
    done = build(repo_root, tmp_path, MMHPARSE_WITH_OPS='0')
    assert done.returncode == 0, done.stderr
    mim = tmp_path / 'lib' / 'mmhparse' / '.mim'
    for index in ('model-index.yml', 'dataset-index.yml'):
        assert (mim / index).is_file()
    folder = tmp_path / 'lib' / 'mmhparse' / 'weights'
    weights = [path.name for path in folder.iterdir()]
    assert weights and all((folder / name).stat().st_size <= 5e6 for name in weights)
    bundled = BUNDLED_MODELS.values()
    assert {*weights} == {name for one in bundled for name in (one.file, one.int8_file) if name}
    for folder in ('configs', 'tools'):
        originals = {path.relative_to(repo_root) for path in (repo_root / folder).rglob('*.*') if path.suffix != '.pyc'}
        assert originals == {path.relative_to(mim) for path in (mim / folder).rglob('*.*')}
        assert originals


def test_a_build_of_the_ops_that_fails_is_an_error(repo_root, tmp_path):
    done = build(repo_root, tmp_path, MMHPARSE_WITH_OPS='1', CXX='/bin/false', CC='/bin/false')
    assert done.returncode != 0
    assert not list(tmp_path.rglob('*.so'))


@pytest.mark.skipif(torch.version.cuda is not None, reason='this torch can build for CUDA')
def test_cuda_that_was_asked_for_and_cannot_be_had_is_an_error(repo_root, tmp_path):
    done = build(repo_root, tmp_path, FORCE_CUDA='1')
    assert done.returncode != 0
    assert 'FORCE_CUDA=1 requests the CUDA op' in done.stderr


@pytest.fixture
def installed():
    try:
        importlib.metadata.version('mmhparse')
    except importlib.metadata.PackageNotFoundError:
        pytest.skip('mmhparse is not installed here, only importable')


@pytest.mark.usefixtures('installed')
def test_configs_are_found_by_the_name_of_the_package(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'mmhparse::_base_/default_runtime.py'")
    assert Config.fromfile(path).default_scope == 'mmhparse'


@pytest.mark.usefixtures('installed')
def test_the_hub_builds_models_by_name():
    """In a process of its own, where nothing is registered yet."""
    code = (
        'import mmhparse; from mmengine.hub import get_model; '
        "model = get_model('mmhparse::multi_granularity/mg-pgd_light_synthetic.py'); "
        'print(type(model).__name__, model.codec.part_set.name)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.split() == ['BottomUpHumanParser', 'densepose_14'], done.stderr


def test_everything_registers_at_once():
    code = (
        'from mmhparse.utils import register_all_modules as register; register(False); from mmhparse import registry; '
        "assert all(name in registry.MODELS for name in ('BottomUpHumanParser', 'PartLoss')); "
        'from mmengine.registry import DefaultScope; assert DefaultScope.get_current_instance() is None; '
        "register(); assert DefaultScope.get_current_instance().scope_name == 'mmhparse'"
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def test_one_version(repo_root):
    printed = subprocess.run(
        [sys.executable, 'setup.py', '--version'], cwd=repo_root, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip().splitlines()[-1] == mmhparse.__version__
    assert f'version: {mmhparse.__version__}\n' in (repo_root / 'CITATION.cff').read_text()


def models_of_metafiles(repo_root):
    return [
        model
        for metafile in load(repo_root / 'model-index.yml')['Import']
        for model in load(repo_root / metafile)['Models']
    ]


def test_metafiles_name_every_config_once(repo_root):
    models = models_of_metafiles(repo_root)
    configs = {str(path.relative_to(repo_root)) for path in (repo_root / 'configs').glob('[!_]*/*.py')}
    assert sorted(model['Config'] for model in models) == sorted(configs)
    for model in models:
        assert model['Name'] == Path(model['Config']).stem


def test_results_of_others_are_not_given_as_ours(repo_root):
    """Nothing under Results that was not measured here; what others report has its source."""
    models = models_of_metafiles(repo_root)
    assert not [model['Name'] for model in models if 'Results' in model]
    reported = [result for model in models for result in model.get('Reported by others', ())]
    assert len(reported) == 2
    assert all('http' in result['Source'] for result in reported)


def test_data_sets_to_download_have_their_scripts(repo_root):
    for name, entry in load(repo_root / 'dataset-index.yml').items():
        if name != 'openxlab':
            assert os.access(repo_root / entry['script'], os.X_OK)


def test_models_are_found_by_name(repo_root, monkeypatch):
    monkeypatch.setattr(BaseInferencer, '_get_repo_or_mim_dir', staticmethod(lambda scope: str(repo_root)))
    with pytest.warns(UserWarning, match='No weights were given'):
        infer = HumanParsingInferencer('mg-pgd_light_synthetic', device='cpu', show_progress=False)
    assert infer.model.codec.part_set.name == 'densepose_14'
