"""What is installed finds its configs and tools."""

import importlib.metadata
import subprocess
import sys

import pytest
from mmengine.config import Config

import mhparse


def test_a_built_package_holds_configs_and_tools(repo_root, tmp_path):
    done = subprocess.run(
        [sys.executable, 'setup.py', '-q', 'build', '--build-base', str(tmp_path)],
        cwd=repo_root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    mim = tmp_path / 'lib' / 'mhparse' / '.mim'
    assert (mim / 'model-index.yml').is_file()
    for folder in ('configs', 'tools'):
        originals = {path.relative_to(repo_root) for path in (repo_root / folder).rglob('*.*') if path.suffix != '.pyc'}
        assert originals == {path.relative_to(mim) for path in (mim / folder).rglob('*.*')}
        assert originals


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
