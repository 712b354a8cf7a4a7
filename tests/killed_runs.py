"""The runs that test_random_kills.py kills: a training in one process or several, and the parsing of a folder."""

import json
import os
import resource
import signal
import warnings
from pathlib import Path

import torch
from bright_spot import bright_spot_config
from mmengine.hooks import Hook
from stand_ins import stand_in_config

from mmhparse.apis import HumanParsingInferencer
from mmhparse.commands import build_runner, set_resume
from mmhparse.registry import HOOKS

STEPS = 40


@HOOKS.register_module()
class RecordSteps(Hook):
    """Writes the loss of every step of every process: a line a step, flushed."""

    def __init__(self, folder: str):
        self.folder = Path(folder)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        rank = os.environ.get('RANK', '0')
        with (self.folder / f'losses_{rank}.jsonl').open('a') as file:
            file.write(json.dumps([runner.iter, outputs['loss'].item()]) + '\n')


def train(folder: Path) -> None:
    """Trains the stand-in, or continues; leaves its weights."""
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    folder.mkdir(parents=True, exist_ok=True)
    processes = int(os.environ.get('WORLD_SIZE', 1))
    cfg = stand_in_config(folder / 'work')
    cfg.experiment_name = cfg.visualizer.name = f'{folder.name}_{os.getpid()}'
    cfg.launcher = 'pytorch' if processes > 1 else 'none'
    cfg.env_cfg = dict(dist_cfg=dict(backend='gloo'))
    cfg.train_cfg.max_iters = STEPS
    cfg.default_hooks.checkpoint.max_keep_ckpts = 2
    cfg.custom_hooks = [dict(type='RecordSteps', folder=str(folder))]
    set_resume(cfg, 'auto')
    runner = build_runner(cfg)
    runner.train()
    if os.environ.get('RANK', '0') == '0':
        model = getattr(runner.model, 'module', runner.model)
        torch.save(model.state_dict(), folder / 'weights.pth')
    if processes > 1:
        torch.distributed.destroy_process_group()


def parse(photos: Path, out: Path) -> None:
    """Parses a folder with all formats, or continues."""
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    infer = HumanParsingInferencer(bright_spot_config(), device='cpu', show_progress=False)
    infer(photos, batch_size=2, out_dir=out, formats=('part_maps', 'person_maps', 'coco', 'csv', 'page'), resume=True)


def parse_into_small_files(photos: Path, out: Path) -> None:
    """Parses where no file may have more than 400 bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
    try:
        parse(photos, out)
    except OSError:
        os._exit(7)
