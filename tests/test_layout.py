"""The layout: which package may import which, what is exported, how long files and configs are."""

import ast
import importlib
import os
import pkgutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest
from mmengine import registry as mmengine_registry
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import Registry

import mmhparse
from mmhparse import registry

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'mmhparse'
SOURCES = sorted(PACKAGE.rglob('*.py'))
CONFIGS = sorted((ROOT / 'configs').glob('[!_]*/*.py'))
MODULES = [module.name for module in pkgutil.walk_packages(mmhparse.__path__, 'mmhparse.')]

# the floors, lowest first, a row a package: a package imports from the rows above its own in this table and from itself
FLOORS = (
    'ops',
    'matching',
    'utils',
    'structures',
    'synthetic',
    'codecs',
    'datasets',
    'evaluation',
    'testing',
    'visualization',
    'tracking',
    'models',
    'engine',
    'commands',
    'apis',
    'cli',
)
LEVEL = {package: level for level, package in enumerate(FLOORS)}
# what knows tensors and arrays alone
PLAIN_STRUCTURES = (
    'left_right',
    'skeletons',
    'part_sets',
    'boxes',
    'image_geometry',
    'tensor_record',
    'pose_fields',
    'fields',
    'candidates',
)
PLAIN = ('matching', 'ops', *(f'structures.{name}' for name in PLAIN_STRUCTURES))
PLAIN_LIBRARIES = {'torch', 'numpy', 'scipy', *sys.stdlib_module_names}
# what mmcv-lite, or an environment without these libraries, does not have
FULL_STACK = ('mmcv.ops', 'mmpose', 'mmdet', 'mmseg')


def _imports(tree: ast.AST, module: str) -> Iterator[str]:
    """Absolute names of all modules and members that a file imports; relative names are resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split('.')[: -node.level] if node.level else []
            yield from ('.'.join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


def _module_name(path: Path) -> str:
    """Dotted name of a file; a package's is that of its ``__init__``, so that relative imports resolve alike."""
    return '.'.join(path.relative_to(ROOT).with_suffix('').parts)


def package_imports() -> dict[str, set[str]]:
    """For each package of mmhparse, the other packages and root modules that its files import."""
    found: dict[str, set[str]] = {package: set() for package in FLOORS}
    for path in SOURCES:
        module = _module_name(path)
        package = module.split('.')[1]
        for name in _imports(ast.parse(path.read_text()), module):
            first, *rest = name.split('.')
            if first == 'mmhparse' and rest and rest[0] != package:
                found.setdefault(package, set()).add(rest[0])
    return found


def _is_in(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f'{prefix}.') for prefix in prefixes)


@pytest.mark.parametrize('path', SOURCES, ids=_module_name)
def test_imports_point_down(path):
    own = _module_name(path).removeprefix('mmhparse.')
    package = own.split('.')[0]
    for name in _imports(ast.parse(path.read_text()), f'mmhparse.{own}'):
        first, *rest = name.split('.')
        if _is_in(own, PLAIN):
            plain = _is_in('.'.join(rest), PLAIN) if first == 'mmhparse' else first in PLAIN_LIBRARIES
            assert plain, f'{own} knows torch and numpy alone, but imports {name}'
        elif first == 'mmhparse' and package in LEVEL and rest:
            assert LEVEL.get(rest[0], 0) <= LEVEL[package], f'{own} lies below {rest[0]}, but imports {name}'


def test_no_circles_between_packages():
    """Whatever the order of the floors says: no package imports, even through others, one that imports it."""
    imports = package_imports()
    assert sum(map(len, imports.values())) > len(FLOORS)
    # raises CycleError, which names the packages of the circle
    order = list(TopologicalSorter(imports).static_order())
    assert set(FLOORS) <= set(order)


def test_the_check_of_circles_finds_one():
    with pytest.raises(CycleError, match="'codecs', 'datasets', 'testing', 'codecs'"):
        list(TopologicalSorter({'codecs': {'testing'}, 'testing': {'datasets'}, 'datasets': {'codecs'}}).static_order())


def test_the_import_rule_sees_relative_imports():
    tree = ast.parse('from . import a\nfrom ..apis import b\nfrom .c import d\nimport mmdet.x')
    assert list(_imports(tree, 'mmhparse.codecs.e')) == [
        'mmhparse.codecs.a', 'mmhparse.apis.b', 'mmhparse.codecs.c.d', 'mmdet.x',
    ]  # fmt: skip


def test_no_two_files_have_one_name():
    """But for a solver and the compiled op that it calls, which share their name in mmcv's way."""
    names = Counter(path.name for path in SOURCES if path.name != '__init__.py')
    assert {name for name, count in names.items() if count > 1} == {'projected_gradient.py'}


def test_every_package_has_its_layer():
    assert {path.parent.name for path in PACKAGE.glob('*/__init__.py')} <= set(LEVEL)


def test_everything_imports_without_the_full_stack_or_a_compiler():
    """With the other libraries' models and compiled ops made unimportable, and no program on the path."""
    code = f"""
import importlib, sys
for name in {FULL_STACK!r}:
    sys.modules[name] = None
for name in {MODULES!r}:
    importlib.import_module(name)
"""
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, env=os.environ | {'PATH': ''}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('name', ['mmhparse', *(name for name in MODULES if '.' in name)])
def test_exports_exist_and_are_sorted(name):
    module = importlib.import_module(name)
    if not hasattr(module, '__path__'):
        return
    assert module.__all__ == sorted(module.__all__)
    assert [export for export in module.__all__ if not hasattr(module, export)] == []


# packages whose classes and functions are all private or exported
ROOMS = (
    'commands',
    'datasets.derived',
    'datasets.readers',
    'datasets.report',
    'datasets.transforms',
    'engine.hooks',
    'testing.releases',
    'utils',
)


@pytest.mark.parametrize('room', ROOMS)
def test_rooms_export_what_is_public_in_them(room):
    package = importlib.import_module(f'mmhparse.{room}')
    public = set()
    for name in MODULES:
        if name.rpartition('.')[0] == package.__name__:
            members = vars(importlib.import_module(name)).items()
            public |= {key for key, value in members if getattr(value, '__module__', None) == name and key[0] != '_'}
    assert public <= set(package.__all__), sorted(public - set(package.__all__))


def _registries(module: ModuleType) -> dict[str, Registry]:
    return {
        name: value for name, value in vars(module).items() if isinstance(value, Registry) and not name.startswith('_')
    }


@pytest.mark.parametrize('members', _registries(registry).values(), ids=_registries(registry))
def test_registries_name_importable_packages_of_our_scope(members):
    assert members.scope == 'mmhparse'
    assert members._locations
    for location in members._locations:
        importlib.import_module(location)
    for kind in members.module_dict.values():
        assert kind.__doc__ or not kind.__module__.startswith('mmhparse'), f'{kind} is registered but says nothing'


def test_the_scope_is_known_to_mmengine():
    assert 'mmhparse' in MODULE2PACKAGE


def _types(node) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get('type'), str):
            yield node['type']
        node = node.values()
    if not isinstance(node, str | int | float | None):
        for child in node:
            yield from _types(child)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_leaf_configs_are_short_and_name_what_exists(path):
    assert len(path.read_text().splitlines()) <= 40
    cfg = Config.fromfile(path)
    assert cfg.default_scope == 'mmhparse'
    known = (*_registries(registry).values(), *_registries(mmengine_registry).values())
    # other libraries' types are built where those are installed
    ours = {name for name in _types(cfg.to_dict()) if not _is_in(name, ('mmdet', 'mmpose', 'mmseg'))}
    unknown = {name for name in ours if not any(members.get(name) for members in known)}
    assert not unknown


@pytest.mark.parametrize('folder', ['mmhparse', 'tools', 'tests', 'configs'])
def test_files_are_of_one_idea(folder):
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / folder).rglob('*.py')}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 350} == {}
