"""Configs: loaded, overridden and checked, so that a misspelled key is an error and not a silent default."""

import copy
import difflib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.runner._flexible_runner import FlexibleRunner

from mmhparse.utils import UsageError

# top-level keys with a meaning; others are variables of the config file
_RUNNER_KEYS = {
    *inspect.signature(Runner.__init__).parameters,
    *inspect.signature(FlexibleRunner.__init__).parameters,
    'activation_checkpointing',
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
} - {'self', 'cfg'}

# variables that configs of OpenMMLab customarily have
_CUSTOMARY = {'train_pipeline', 'val_pipeline', 'test_pipeline'}


def load_config(path: str, options: dict[str, Any] | None = None) -> Config:
    """Loads a config file and applies the overrides of ``--cfg-options``.

    An override ``a.b.c=value`` needs an existing ``a.b``. A new ``c`` is accepted, because configs leave out many
    arguments, unless it looks like a misspelled key of ``a.b``. A variable of the config file, such as ``data_root``,
    is changed wherever the config has that key with the same value.

    Args:
        path: A config file, or ``package::path`` of an installed package.
        options: Dotted keys and their new values.

    Raises:
        UsageError: If the file is missing or cannot be read, or a key looks misspelled.
    """
    if '::' not in path and not Path(path).is_file():
        raise UsageError(f"There is no config file '{path}'. The configs of mmhparse are in configs/.")
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # a config is a program, which may raise anything
        raise UsageError(f'{path} cannot be read as a config: {type(error).__name__}: {error}') from error
    _check_names(cfg, path)
    for key, value in (options or {}).items():
        _override(cfg, key, value)
    return cfg


def _check_names(cfg: Config, path: str) -> None:
    """Refuses top-level names that the Runner would ignore although they are nearly one of its arguments."""
    for name in cfg:
        similar = difflib.get_close_matches(name, _RUNNER_KEYS, n=1, cutoff=0.85)
        if name not in _RUNNER_KEYS | _CUSTOMARY and similar:
            raise UsageError(f"{path}: the Runner knows no '{name}'. Did you mean '{similar[0]}'?")


def _override(cfg: Config, key: str, value: Any) -> None:
    """Applies one override, to the config and to all copies of a variable."""
    names = key.split('.')
    node = cfg
    for depth, name in enumerate(names[:-1]):
        node = _child(node, name, key, '.'.join(names[:depth]))
    _check_leaf(node, names[-1], key, '.'.join(names[:-1]))
    variable = names[0]
    if variable in _RUNNER_KEYS:
        cfg.merge_from_dict({key: value})
        return
    before = copy.deepcopy(cfg[variable])
    cfg.merge_from_dict({key: value})
    copies = [holder for holder in _dicts(cfg) if variable in holder and holder[variable] == before]
    if not copies:
        raise UsageError(
            f"--cfg-options {key}: '{variable}' is only a variable of the config file, and no part of the config has "
            'it under that name. Override the entries that use it instead.'
        )
    for holder in copies:
        holder[variable] = copy.deepcopy(cfg[variable])


def _dicts(cfg: Config) -> Iterator[dict]:
    """Every dict inside of those parts of the config that the Runner reads."""
    todo = [cfg[name] for name in cfg if name in _RUNNER_KEYS]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo.extend(node.values())
        elif isinstance(node, list | tuple):
            todo.extend(node)


def _child(node: Any, name: str, key: str, where: str) -> Any:
    """The entry of a dict or list with the next name of a dotted key."""
    if isinstance(node, list | tuple):
        if name.isdecimal() and int(name) < len(node):
            return node[int(name)]
        raise UsageError(f"--cfg-options {key}: '{where}' has entries 0 to {len(node) - 1}, not '{name}'.")
    if not isinstance(node, dict | Config):
        raise UsageError(f"--cfg-options {key}: '{where}' is {node!r}, which has no entries.")
    if name not in node:
        raise UsageError(_unknown(node, name, key, where))
    return node[name]


def _check_leaf(node: Any, name: str, key: str, where: str) -> None:
    """Refuses a new key that the Runner would ignore at the top level, or that looks misspelled elsewhere."""
    if isinstance(node, dict | Config) and name not in node:
        wrong = name not in _RUNNER_KEYS if not where else difflib.get_close_matches(name, node, n=1, cutoff=0.8)
        if wrong:
            raise UsageError(_unknown(node, name, key, where))
        return
    _child(node, name, key, where)


def _unknown(node: Any, name: str, key: str, where: str) -> str:
    similar = difflib.get_close_matches(name, list(node), n=3)
    hint = f'Did you mean {" or ".join(repr(other) for other in similar)}?' if similar else f'It has: {list(node)}.'
    return f"--cfg-options {key}: there is no '{name}' in {repr(where) if where else 'the config'}. {hint}"
