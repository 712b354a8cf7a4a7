"""Checks of a config before a training starts, for mistakes that would otherwise end or spoil it later."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import nn

from mmhparse.codecs.annotations_to_fields import FieldOptions
from mmhparse.engine import check_checkpoint
from mmhparse.registry import METRICS
from mmhparse.utils import UsageError

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_SIZING = ('RandomAffinePeople', 'ResizePeople')
"""Transforms that bring all images to one size."""


def leave_workers_out(cfg: Config) -> None:
    """Lets loaders without worker processes, as ``num_workers=0`` on a command line makes them, work.

    torch refuses ``persistent_workers`` and ``prefetch_factor`` for them, which change no result.
    """
    for name in _LOADERS:
        loader = cfg.get(name)
        if loader and not loader.get('num_workers'):
            loader.pop('persistent_workers', None)
            loader.pop('prefetch_factor', None)


def check_training(cfg: Config) -> None:
    """Checks a config that is to be trained.

    Raises:
        UsageError: If an epoch would never end, ``save_best`` names no metric of the validation, the network cannot
            divide the size of the training images, model and pipeline have codecs of different strides, or there is
            no file ``load_from``.
    """
    if cfg.get('train_cfg'):
        _check_epochs_end(cfg)
        _check_save_best(cfg)
        _check_sizes(cfg)
        _check_strides(cfg)
        _check_first_weights(cfg)


def check_built_model(cfg: Config, model: nn.Module) -> None:
    """Checks the parts of the config that name modules of the model.

    Raises:
        UsageError: If ``activation_checkpointing`` names a module that the model lacks: mmengine passes over it, and no
            memory is saved.
    """
    wanted = cfg.get('activation_checkpointing') or []
    names = [name for name, _ in getattr(model, 'module', model).named_modules()]
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name not in names:
            similar = difflib.get_close_matches(name, names, n=3)
            raise UsageError(f"activation_checkpointing: the model has no '{name}', but {similar or names[1:6]}.")


def _check_epochs_end(cfg: Config) -> None:
    """Without this, mmengine would train in the first epoch for ever."""
    loop = cfg.train_cfg
    by_epoch = loop.get('by_epoch') or str(loop.get('type')).endswith('EpochBasedTrainLoop')
    sampler = (cfg.get('train_dataloader') or {}).get('sampler') or {}
    if by_epoch and str(sampler.get('type')).endswith('InfiniteSampler'):
        raise UsageError(
            'train_dataloader.sampler: an epoch of an InfiniteSampler never ends. Use sampler=dict('
            "type='DefaultSampler', shuffle=True), or train_cfg=dict(type='IterBasedTrainLoop', max_iters=...)."
        )


def _check_save_best(cfg: Config) -> None:
    """Without this, the first validation would end the training; a rule that is not given follows from the metric."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    wanted = hook.get('save_best')
    if not wanted or wanted == 'auto' or not cfg.get('val_evaluator'):
        return
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    known = _metric_names(cfg.val_evaluator)
    for name in wanted if known else []:
        if name not in known and name != 'auto':
            similar = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            lowered = [other for other in known if other.lower() == name.lower()]
            raise UsageError(
                f"default_hooks.checkpoint.save_best: the validation has no metric '{name}'. Did you mean "
                f"'{(lowered or similar)[0]}'? It has: {', '.join(known)}."
            )
    if known and 'auto' not in wanted and hook.get('rule') is None:
        rules = ['less' if 'lost' in name else 'greater' for name in wanted]
        hook['rule'] = rules if len(rules) > 1 else rules[0]


def _metric_names(evaluator: Any) -> list[str]:
    """The names of all values that an evaluator returns; empty if one of its metrics does not tell."""
    names: list[str] = []
    for metric in [evaluator] if isinstance(evaluator, dict) else evaluator:
        if not isinstance(metric, dict):
            return []
        kind = METRICS.get(metric['type']) if isinstance(metric['type'], str) else metric['type']
        own = getattr(kind, 'NAMES', None)
        if own is None:
            return []
        prefix = f'{metric["prefix"]}/' if metric.get('prefix') else ''
        names += [f'{prefix}{name}' for name in own]
    return names


def _check_sizes(cfg: Config) -> None:
    """Without this, padded images and their unpadded target fields would meet in the losses, with torch's message."""
    if _kind(cfg.model) != 'BottomUpHumanParser':
        return
    divisor = (cfg.model.get('data_preprocessor') or {}).get('pad_size_divisor', 32)
    for where, (width, height) in _sizes((cfg.get('train_dataloader') or {}).get('dataset'), 'dataset'):
        if width % divisor or height % divisor:
            fits = [f'{_rounded(width, divisor, up)} x {_rounded(height, divisor, up)}' for up in (0, 1)]
            raise UsageError(
                f'train_dataloader.{where} is {width} x {height} (width x height), but both sides of training images '
                f'must be multiples of {divisor}, the coarsest stride of the network: use {" or ".join(fits)}.'
            )


def _rounded(side: int, divisor: int, up: int) -> int:
    return max(side // divisor + (up and side % divisor > 0), 1) * divisor


def _sizes(node: Any, where: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The size (W, H) of the images of each data set of a config, and the entry that says so."""
    for entry, dataset in _data_sets(node, where):
        steps = [
            (f'{name}.size', step['size'])
            for name, step in _steps(dataset)
            if _kind(step) in _SIZING and step.get('size') and not step.get('keep_ratio')
        ]
        if steps:
            last, size = steps[-1]
            yield f'{entry}.{last}', tuple(size)
        elif _kind(dataset) == 'SyntheticPeopleDataset':
            yield f'{entry}.image_size', tuple(dataset.get('image_size', (256, 192)))


def _check_strides(cfg: Config) -> None:
    """Without this, predicted and target fields of two sizes would meet in the losses, with torch's message."""
    codec = cfg.model.get('codec')
    if _kind(cfg.model) != 'BottomUpHumanParser' or not isinstance(codec, dict):
        return
    stride = codec.get('stride', FieldOptions.stride)
    for where, dataset in _data_sets((cfg.get('train_dataloader') or {}).get('dataset'), 'dataset'):
        for name, step in _steps(dataset):
            own = step['codec'].get('stride', FieldOptions.stride) if _kind(step) == 'GenerateFields' else stride
            if own != stride:
                raise UsageError(
                    f'train_dataloader.{where}.{name}.codec has stride {own}, but model.codec has {stride}: the fields '
                    f'would differ in size. Set it once, in the codec that both share: --cfg-options '
                    f'codec.stride={stride}.'
                )


def _check_first_weights(cfg: Config) -> None:
    """Without this, a missing file would be told after model and data sets were built, with a traceback."""
    path = cfg.get('load_from')
    if path and ':' not in str(path) and not Path(path).expanduser().exists():
        check_checkpoint(str(path))


def _data_sets(node: Any, where: str) -> Iterator[tuple[str, dict]]:
    """Each data set of a config, those in others first, and the entry that it is."""
    if isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from _data_sets(child, f'{where}[{index}]')
    if isinstance(node, dict):
        for name in ('dataset', 'datasets'):
            yield from _data_sets(node.get(name), f'{where}.{name}')
        yield where, node


def _steps(dataset: dict) -> list[tuple[str, dict]]:
    """The transforms of a data set, each with the entry that it is."""
    return [(f'pipeline[{index}]', step) for index, step in enumerate(dataset.get('pipeline') or [])]


def _kind(node: dict) -> str:
    """The name of a class without scope."""
    return str(node.get('type')).rpartition('.')[2]
