"""pytest.ini: a warning that a line of ours causes is an error, and one of a library is not."""

import types
import warnings

import pytest


def _module(name: str) -> types.ModuleType:
    """A module whose function warns on a line of its own."""
    module = types.ModuleType(name)
    module.__dict__.update(warnings=warnings)
    exec('def warn(category):\n    warnings.warn("careful", category)', module.__dict__)
    return module


@pytest.mark.parametrize('name', ['mmhparse', 'mmhparse.codecs.any'])
@pytest.mark.parametrize('category', [UserWarning, DeprecationWarning, FutureWarning, RuntimeWarning])
def test_ours_are_errors(name, category):
    with pytest.raises(category, match='careful'):
        _module(name).warn(category)


@pytest.mark.parametrize('name', ['mmengine.runner', 'mmhparse_of_somebody_else'])
def test_those_of_libraries_are_not(name):
    _module(name).warn(DeprecationWarning)
