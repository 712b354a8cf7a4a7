"""Options of the command lines, written into the config that they run."""

import logging
from pathlib import Path
from typing import Literal

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log

from mmhparse.datasets.transforms import views_pipeline
from mmhparse.engine import check_checkpoint
from mmhparse.utils import UsageError

from .newest_checkpoint import newest_checkpoint


def set_work_dir(cfg: Config, work_dir: str | None) -> None:
    """Sets the work folder: ``work_dir``, else the config's own, else ``work_dirs/<name of the config>``."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(cfg.filename).stem)


def set_resume(cfg: Config, resume: str | None) -> None:
    """Resumes from a checkpoint, or with 'auto' from the newest one of the work folder, if there is one.

    Call :func:`set_work_dir` before.

    Raises:
        UsageError: If the checkpoint does not exist or cannot be read.
    """
    if resume is None:
        return
    if resume != 'auto':
        check_checkpoint(resume)
        cfg.resume, cfg.load_from = True, resume
        return
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    newest = newest_checkpoint(cfg.work_dir, hook.get('out_dir'))
    cfg.resume = newest is not None
    if newest is None:
        print_log(
            f"There is no checkpoint to resume from in '{cfg.work_dir}': the training begins from its start.",
            logger='current',
            level=logging.WARNING,
        )
        return
    if newest.is_file():
        check_checkpoint(str(newest))
    cfg.load_from = str(newest)


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
    becomes a :class:`HumanParserTTA`, and the test pipeline returns three sizes of the image and their mirror images.

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
    """Writes all predictions of the test to one pickle file, for evaluation elsewhere.

    Raises:
        UsageError: If the file is not named like a pickle.
    """
    if not out_file.endswith(('.pkl', '.pickle')):
        raise UsageError(f"--out writes a pickle file, so its name must end in .pkl or .pickle, got '{out_file}'.")
    metrics = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=out_file)]
