"""From a config and the choices of the command line to a Runner."""

import atexit
import difflib
import gc
import logging
from pathlib import Path
from typing import Literal

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmhparse.datasets.transforms.views_pipeline import views_pipeline
from mmhparse.engine.checkpoints import check_checkpoint
from mmhparse.utils import UsageError
from mmhparse.version import __version__


def build_runner(cfg: Config) -> Runner:
    """Builds the config's Runner: mmengine's, or the one that ``runner_type`` names.

    Raises:
        UsageError: If the config gives something an argument that it does not take, or ``activation_checkpointing``
            names what the model does not have, or an epoch would never end.
    """
    _check_epochs_end(cfg)
    if cfg.get('launcher', 'none') != 'none' and get_device() == 'cpu':
        _join_on_cpus(cfg)
    try:
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    except TypeError as error:
        if 'unexpected keyword argument' not in str(error):
            raise
        raise UsageError(
            f'{cfg.filename or "the config"}: {error}. The name is misspelled, or the config was written for another '
            f'version of mmhparse or of its library than the installed one (mmhparse {__version__}).'
        ) from error
    if isinstance(runner, Runner):
        # a FlexibleRunner builds its model when it trains
        _check_checkpointing(cfg, runner)
    return runner


def _join_on_cpus(cfg: Config) -> None:
    """Joins the processes by gloo; mmengine would ask each of them for its GPU."""
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
            'evaluates with its own running statistics. The checkpoint holds those of the first.',
            logger='current',
            level=logging.WARNING,
        )


def _leave() -> None:
    """Ends gloo's threads before the interpreter does: one that then still held a tensor would abort the process."""
    gc.collect()  # wrapped models, in circles with the Runner, hold the group
    torch.distributed.destroy_process_group()
    gc.collect()


def _check_epochs_end(cfg: Config) -> None:
    """mmengine would train in the first epoch for ever."""
    loop = cfg.get('train_cfg') or {}
    by_epoch = loop.get('by_epoch') or str(loop.get('type')).endswith('EpochBasedTrainLoop')
    sampler = (cfg.get('train_dataloader') or {}).get('sampler') or {}
    if by_epoch and str(sampler.get('type')).endswith('InfiniteSampler'):
        raise UsageError(
            'train_dataloader.sampler: an epoch of an InfiniteSampler never ends. Use sampler=dict('
            "type='DefaultSampler', shuffle=True), or train_cfg=dict(type='IterBasedTrainLoop', max_iters=...)."
        )


def _check_checkpointing(cfg: Config, runner: Runner) -> None:
    """mmengine passes over names that it does not find, and memory is not saved."""
    wanted = cfg.get('activation_checkpointing') or []
    model = getattr(runner.model, 'module', runner.model)
    names = [name for name, _ in model.named_modules()]
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name not in names:
            similar = difflib.get_close_matches(name, names, n=3)
            raise UsageError(f"activation_checkpointing: the model has no '{name}', but {similar or names[1:6]}.")


def set_work_dir(cfg: Config, work_dir: str | None) -> None:
    """Sets the work folder: the one given, else the config's own, else ``work_dirs/<name of the config>``."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(cfg.filename).stem)


def set_resume(cfg: Config, resume: str | None) -> None:
    """Resumes from a checkpoint, or with 'auto' from the newest one of the work folder, if there is one.

    Raises:
        UsageError: If the checkpoint does not exist.
    """
    if resume is None:
        return
    cfg.resume = True
    cfg.load_from = None
    if resume != 'auto':
        check_checkpoint(resume)
        cfg.load_from = resume


def use_amp(cfg: Config, dtype: Literal['float16', 'bfloat16']) -> None:
    """Trains with automatic mixed precision.

    Losses and matching stay in float32, see :class:`mmhparse.models.BottomUpHumanParser`.

    Raises:
        UsageError: If float16 is asked for without a GPU, or the config's optimizer wrapper is one of its own kind.
    """
    if dtype == 'float16' and get_device() == 'cpu':
        raise UsageError('--amp float16 needs a GPU, and torch sees none: use --amp bfloat16, which a CPU has too.')
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise UsageError(f"--amp replaces an OptimWrapper, but optim_wrapper of {cfg.filename} is a '{kind}'.")
    if dtype == 'bfloat16':
        cfg.optim_wrapper.type = 'mmhparse.BFloat16OptimWrapper'
    else:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def use_auto_scale_lr(cfg: Config) -> None:
    """Scales the learning rate with the batch size of all processes together.

    Raises:
        UsageError: If the config does not say for which batch size its learning rate was chosen.
    """
    if not cfg.get('auto_scale_lr', {}).get('base_batch_size'):
        raise UsageError(
            f'--auto-scale-lr needs auto_scale_lr = dict(base_batch_size=N) in {cfg.filename}: the number of images '
            'per step that its learning rate was chosen for.'
        )
    cfg.auto_scale_lr.enable = True


def use_tta(cfg: Config) -> None:
    """Tests with several views of each image, merged.

    A config may say how by ``tta_model`` and ``tta_pipeline``, as elsewhere in OpenMMLab. Without them the model
    becomes a :class:`HumanParserTTA`, and the test pipeline gives three sizes of the image and their mirror images.

    Raises:
        UsageError: If there is no ``tta_pipeline``, and the test pipeline is not of the form that makes one.
    """
    dataset = cfg.test_dataloader.dataset
    try:
        dataset.pipeline = cfg.get('tta_pipeline') or views_pipeline(dataset.pipeline, cfg.filename)
    except ValueError as error:
        raise UsageError(str(error)) from error
    cfg.model = dict(cfg.get('tta_model') or dict(type='HumanParserTTA'), module=cfg.model)


def skip_validation(cfg: Config) -> None:
    """Trains without evaluating in between."""
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None


def draw_predictions(cfg: Config, *, show: bool, out_dir: str | None, wait_time: float) -> None:
    """Draws each tested image with its truth and predictions, in a window or into a folder.

    Raises:
        UsageError: If the config has no visualizer or no visualization hook.
    """
    if 'visualization' not in cfg.get('default_hooks', {}) or 'visualizer' not in cfg:
        raise UsageError(
            f'--show and --show-dir need default_hooks.visualization and a visualizer in {cfg.filename}; inherit '
            'configs/_base_/default_runtime.py.'
        )
    cfg.default_hooks.visualization.update(enable=True, show=show, out_dir=out_dir, wait_time=wait_time)


def dump_predictions(cfg: Config, out_file: str) -> None:
    """Has the test write all predictions to one pickle file, for evaluation elsewhere.

    Raises:
        UsageError: If the file is not named like a pickle.
    """
    if not out_file.endswith(('.pkl', '.pickle')):
        raise UsageError(f"--out writes a pickle file, so its name must end in .pkl or .pickle, got '{out_file}'.")
    metrics = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=out_file)]
