"""mmhparse check: what is missing or of another version is named, with the command that gets it."""

from importlib import metadata

import pytest
from packaging.requirements import Requirement

from mmhparse.cli import check
from mmhparse.cli.findings import Finding


@pytest.fixture
def installed(monkeypatch):
    """Pretends that these distributions are installed, in these versions, and that the package has requirements."""

    def pretend(versions, requires=()):
        def version(name):
            if name not in versions:
                raise metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(metadata, 'version', version)
        monkeypatch.setattr(metadata, 'requires', lambda name: list(requires))

    return pretend


def finding(requirement, extra=None):
    return check.requirement_finding(Requirement(requirement), extra)


def test_versions_are_compared_with_their_range(installed):
    installed({'torch': '2.13.0+cpu', 'mmengine': '0.10.3'})
    assert finding('torch>=2.6') == Finding('needed', 'torch', 'ok', '2.13.0+cpu')
    old = finding('mmengine<1.0.0,>=0.10.4')
    assert (old.status, old.is_fatal) == ('wrong', True)
    assert '0.10.3 is outside' in old.text and 'pip install "mmengine<1.0.0,>=0.10.4"' in old.text


def test_what_is_missing_is_named_with_the_command_that_gets_it(installed):
    installed({})
    needed, extra = finding('scipy'), finding('onnx; extra == "onnx"', 'onnx')
    assert needed.is_fatal and 'pip install "scipy"' in needed.text
    assert not extra.is_fatal and 'pip install "mmhparse[onnx]"' in extra.text and 'onnxruntime' in extra.text


@pytest.mark.parametrize(
    ('versions', 'name', 'status'),
    [
        ({'mmcv': '2.1.0'}, 'mmcv', 'ok'),
        ({'mmcv-lite': '2.1.0'}, 'mmcv-lite', 'ok'),
        ({'mmcv': '2.1.0', 'mmcv-lite': '2.1.0'}, 'mmcv', 'wrong'),
        ({'mmcv': '2.2.0'}, 'mmcv', 'wrong'),
        ({}, 'mmcv-lite', 'missing'),
    ],
)
def test_one_of_the_two_packages_called_mmcv_is_needed(installed, versions, name, status):
    installed(versions)
    found = finding('mmcv-lite<2.2.0,>=2.0.0')
    assert (found.name, found.status) == (name, status)


def test_the_exit_code_says_whether_parsing_works(installed, capsys):
    requires = ['torch>=2.6', 'onnx; extra == "onnx"', 'pytest; extra == "tests"']
    installed({'torch': '2.13.0'}, requires)
    assert check.main([]) == 0
    printed = capsys.readouterr().out
    assert 'needed   ok  torch' in printed and 'onnx     --  onnx' in printed
    assert 'devices  ok  cpu' in printed and 'pytest' not in printed
    installed({'torch': '2.5.0'}, requires)
    assert check.main([]) == 1
    assert 'needed   !!  torch' in capsys.readouterr().out
