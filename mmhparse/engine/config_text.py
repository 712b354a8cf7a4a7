"""Configs saved as text beside weights: read as names and values, so that a file of weights cannot run code.

A config file is a Python program, and whoever runs one trusts it. The config inside a checkpoint, packed weights or an
ONNX file comes with data; mmengine would run it, and would also call whatever function a ``type`` names by its import
path (``dict(type='os.system', command=...)``). Both are refused here.
"""

import ast
import inspect
import math
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import Registry, root
from mmengine.utils import get_object_from_string, import_modules_from_strings
from torch import nn

_NUMBERS = {'inf': math.inf, 'nan': math.nan}
"""Values that their own text is no literal of."""
_FSDP = 'torch.distributed.fsdp.wrap'
"""Module of functions that configs of sharded trainings name, and that wrap modules."""
_REMEDY = 'pass the config that the weights were trained with, from somebody you trust'


def config_of_text(text: str, path: str) -> Config:
    """A config that was saved as text beside weights.

    Types without a prefix are looked up in the config's ``default_scope``, so weights of a package that is not
    installed here, or that has another name by now, could only fail later, with a message about some type.

    Args:
        text: The config, as mmengine writes it: ``name = value``, where values are literals and ``dict(...)``.
        path: The file that it is from, for messages.

    Raises:
        ValueError: If its ``default_scope`` is neither mmhparse, nor a library of OpenMMLab, nor a package that the
            config itself imports; or if it is more than names and values, or has a type that is neither registered nor
            a module of torch.
    """
    cfg = Config(_parse(text, path))
    error = None
    try:
        if cfg.get('custom_imports'):
            import_modules_from_strings(**cfg.custom_imports)
    except ImportError as raised:
        error = raised  # the scope says whether that was to be expected
    scope = cfg.get('default_scope')
    if scope is not None and not _is_known(scope):
        raise ValueError(
            f"The config in '{path}' is of another package: its default_scope is '{scope}', not 'mmhparse'. "
            'Train the model again with this package, or write its config for this package, with '
            "default_scope='mmhparse', and pack the weights again: python tools/misc/pack_model.py CONFIG CHECKPOINT "
            '--out NAME.npz.'
        ) from error
    if error is not None:
        raise ValueError(f"The config in '{path}' imports a module that is not installed: {error}") from error
    for kind in _types(cfg.to_dict()):
        _check_type(kind, path)
    return cfg


def _is_known(scope: Any) -> bool:
    return scope in MODULE2PACKAGE or scope in ROOT_MODELS.children


def _parse(text: str, path: str) -> dict[str, Any]:
    """The values of a config by name."""
    try:
        values = {}
        for statement in ast.parse(text).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name] = _value(value)
                case ast.Expr(value=ast.Constant()):  # a docstring
                    continue
                case _:
                    raise _NotPlainError(statement)
    except _NotPlainError as error:
        raise ValueError(
            f"The config in '{path}' is more than names and values: line {error.line} is '{error.shown}', which could "
            f'run code; {_REMEDY}.'
        ) from error
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"The config in '{path}' cannot be read ({error}); {_REMEDY}.") from error
    return values


class _NotPlainError(Exception):
    def __init__(self, node: ast.stmt | ast.expr):
        self.line = node.lineno
        text = ' '.join(ast.unparse(node).split())
        self.shown = text if len(text) <= 60 else f'{text[:57]}...'
        super().__init__(self.shown)


def _value(node: ast.expr) -> Any:
    """The value of a literal, of ``dict(name=value, ...)``, ``inf`` or ``nan``."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in _NUMBERS:
            return _NUMBERS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand) if isinstance(_value(operand), int | float):
            return -_value(operand)
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(element) for element in elements)
        case ast.Set(elts=elements):
            return {_value(element) for element in elements}
        case ast.Dict(keys=keys, values=values):
            if all(key is not None for key in keys):
                return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=keywords):
            if all(keyword.arg is not None for keyword in keywords):
                return {keyword.arg: _value(keyword.value) for keyword in keywords}
        case ast.Call(func=ast.Name(id='set'), args=[], keywords=[]):
            return set()
    raise _NotPlainError(node)


def _types(value: Any) -> Iterator[Any]:
    """All values with the key ``type``, at any depth."""
    if isinstance(value, dict):
        if 'type' in value:
            yield value['type']
        for inner in value.values():
            yield from _types(inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _types(inner)


def _check_type(kind: Any, path: str) -> None:
    """Refuses import paths that lead to anything else than a registered class or a module of torch.

    Of names without a dot, and of ``package.Name`` where the package has no attribute of that name, mmengine finds what
    is registered and nothing else.
    """
    if not isinstance(kind, str) or '.' not in kind:
        return
    try:
        found = get_object_from_string(kind)
    except Exception:  # what a module raises while it is imported
        found = None
    if found is None:
        return
    if getattr(found, '__module__', None) == _FSDP:
        return
    if not inspect.isclass(found) or not (issubclass(found, nn.Module) or _is_registered(found)):
        raise ValueError(
            f"The config in '{path}' has the type '{kind}', which is no registered class and no module of torch, and "
            f'could run code; {_REMEDY}.'
        )


def _is_registered(kind: type) -> bool:
    registries = [registry for registry in vars(root).values() if isinstance(registry, Registry)]
    while registries:
        registry = registries.pop()
        if kind in registry.module_dict.values():
            return True
        registries += registry.children.values()
    return False
