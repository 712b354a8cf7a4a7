"""build_dataset: from a config to one of its data sets, for tools that need no model."""

import argparse
from typing import Literal, get_args

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhparse.datasets import HumanParseDataset
from mmhparse.registry import DATASETS
from mmhparse.utils import UsageError

Split = Literal['train', 'val', 'test']


def add_split_option(parser: argparse.ArgumentParser) -> None:
    """Adds ``--split``, the name of one of the config's loaders."""
    parser.add_argument(
        '--split', choices=get_args(Split), default='train', help="which of the config's loaders; default: train"
    )


def build_dataset(cfg: Config, split: Split, **changes) -> HumanParseDataset:
    """Builds the data set of the config's ``<split>_dataloader``.

    Args:
        cfg: A whole config, or one of ``configs/_base_/datasets``.
        split: Name of the loader.
        **changes: Arguments of the data set that replace those of the config.

    Raises:
        UsageError: If the config has no such loader, if its data set is no :class:`HumanParseDataset`, or if the files
            of the data set are missing or do not fit.
    """
    loader = cfg.get(f'{split}_dataloader')
    if not loader:
        raise UsageError(f'{cfg.filename} has no {split}_dataloader; choose another --split.')
    init_default_scope(cfg.get('default_scope', 'mmhparse'))
    try:
        dataset = DATASETS.build({**loader['dataset'], **changes})
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(str(error)) from error
    if not isinstance(dataset, HumanParseDataset):
        raise UsageError(
            f"the data set of {split}_dataloader is a '{type(dataset).__name__}': this tool reads one data set of "
            'mmhparse, not one that wraps others. Name the inner one with --cfg-options.'
        )
    return dataset
