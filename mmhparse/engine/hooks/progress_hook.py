"""ProgressHook: progress and remaining time of training, validation and testing."""

import logging
import sys
from typing import Any, cast

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from tqdm import tqdm

from mmhparse.registry import HOOKS
from mmhparse.utils.progress import AboveBars, progress_bar


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows a progress bar with time left for each phase, on the main process only.

    On a terminal, log lines appear above the bars. Elsewhere (a file, a CI log) each bar is a line every half minute.
    """

    def __init__(self):
        self._bars: dict[str, tqdm] = {}

    def before_run(self, runner) -> None:
        if not (sys.stderr.isatty() and is_main_process()):
            return
        for handler in runner.logger.handlers:
            on_console = isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
            if on_console and not isinstance(handler.stream, AboveBars):
                # a stream needs no more than write and flush
                handler.setStream(cast(Any, AboveBars(handler.stream)))

    def before_train(self, runner) -> None:
        self._open('train', runner.max_iters, initial=runner.iter)

    def before_val_epoch(self, runner) -> None:
        self._open('val', len(runner.val_dataloader), leave=False)

    def before_test_epoch(self, runner) -> None:
        self._open('test', len(runner.test_dataloader))

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if 'train' in self._bars and outputs and 'loss' in outputs:
            self._bars['train'].set_postfix_str(f'loss {outputs["loss"].item():.4f}', refresh=False)
        self._advance('train')

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self._advance('val')

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self._advance('test')

    def after_train(self, runner) -> None:
        self._close('train')

    def after_val_epoch(self, runner, metrics=None) -> None:
        self._close('val')

    def after_test_epoch(self, runner, metrics=None) -> None:
        self._close('test')

    def _open(self, phase: str, total: int, **kwargs) -> None:
        if is_main_process():
            self._bars[phase] = progress_bar(total, phase, **kwargs)

    def _advance(self, phase: str) -> None:
        if phase in self._bars:
            self._bars[phase].update()

    def _close(self, phase: str) -> None:
        if phase in self._bars:
            self._bars.pop(phase).close()
