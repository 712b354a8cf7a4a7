"""build_runner: from a config to mmengine's Runner."""

import atexit
import gc
import logging
from typing import Literal, cast

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmhparse.utils import UsageError
from mmhparse.version import __version__

from .run_options import set_resume
from .training_checks import check_built_model, check_training, leave_workers_out


def build_runner(cfg: Config, task: Literal['train', 'test'] = 'train') -> Runner:
    """Builds the config's Runner: mmengine's, or the one that ``runner_type`` names.

    Args:
        cfg: The config, with a ``work_dir``.
        task: What the Runner will do; only a training is checked as one.

    Raises:
        UsageError: If the config passes an argument that its type does not take, or the training could not run
            (:mod:`.training_checks`).
    """
    leave_workers_out(cfg)
    if task == 'train':
        check_training(cfg)
        if cfg.get('resume') and not cfg.get('load_from'):
            set_resume(cfg, 'auto')
    if cfg.get('launcher', 'none') != 'none' and get_device() == 'cpu':
        _join_on_cpus(cfg)
    try:
        runner = RUNNERS.build(cast(dict, cfg)) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    except TypeError as error:
        if 'unexpected keyword argument' not in str(error):
            raise
        raise UsageError(
            f'{cfg.filename or "the config"}: {error}. The name is misspelled, or the config was written for another '
            f'version of mmhparse or of its library than the installed one (mmhparse {__version__}).'
        ) from error
    if isinstance(runner, Runner):
        # a FlexibleRunner builds its model when it trains
        check_built_model(cfg, runner.model)
    return runner


def _join_on_cpus(cfg: Config) -> None:
    """Connects the processes by gloo; mmengine would require a GPU for each of them."""
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
        atexit.register(_leave)
    if 'strategy' in cfg:
        cfg.strategy.model_wrapper = dict(cfg.strategy.get('model_wrapper', {}), device_id='cpu')
    wrapper = dict(type='MMDistributedDataParallel', broadcast_buffers=False)
    wrapper['find_unused_parameters'] = cfg.get('find_unused_parameters', False)
    cfg.model_wrapper_cfg = wrapper | cfg.get('model_wrapper_cfg', {}) | dict(device_ids=None)
    if cfg.get('sync_bn'):
        cfg.sync_bn = None
        print_log(
            'torch synchronises batch normalisation on GPUs only: each process normalises with its own images and '
            'evaluates with its own running statistics. The checkpoint has those of the first.',
            logger='current',
            level=logging.WARNING,
        )


def _leave() -> None:
    """Ends gloo's threads before the interpreter ends: a thread that still had a tensor would abort the process."""
    gc.collect()  # models in reference cycles with the Runner keep the group alive
    torch.distributed.destroy_process_group()
    gc.collect()
