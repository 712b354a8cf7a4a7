"""What is installed finds its configs and tools."""

import importlib.metadata
import os
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

import mhparse


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
    mim = tmp_path / 'lib' / 'mhparse' / '.mim'
    assert (mim / 'model-index.yml').is_file()
    weights = list((tmp_path / 'lib' / 'mhparse' / 'weights').glob('*.npz'))
    assert weights and all(path.stat().st_size <= 5e6 for path in weights)
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
    assert 'FORCE_CUDA=1 asks for the CUDA op' in done.stderr


def test_configs_are_found_by_the_name_of_the_package(tmp_path):
    try:
        importlib.metadata.version('mhparse')
    except importlib.metadata.PackageNotFoundError:
        pytest.skip('mhparse is not installed here, only importable')
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'mhparse::_base_/default_runtime.py'")
    assert Config.fromfile(path).default_scope == 'mhparse'


def test_one_version(repo_root):
    printed = subprocess.run(
        [sys.executable, 'setup.py', '--version'], cwd=repo_root, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip().splitlines()[-1] == mhparse.__version__
    assert f'version: {mhparse.__version__}\n' in (repo_root / 'CITATION.cff').read_text()
