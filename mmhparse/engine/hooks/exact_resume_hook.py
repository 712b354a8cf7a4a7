"""ExactResumeHook: a killed and resumed training has the results of an uninterrupted one."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import IterBasedTrainLoop

from mmhparse.registry import HOOKS
from mmhparse.utils.progress import progress_bar


def _random_states() -> dict[str, Any]:
    """The states of all random generators of this process, in types that a weights-only checkpoint may hold."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {
        'python': random.getstate(),
        'numpy': (name, np.asarray(keys).tolist(), position, has_gauss, gauss),
        'torch': torch.get_rng_state(),
        'cuda': torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def _set_random_states(states: dict[str, Any]) -> None:
    """Restores the states that :func:`_random_states` returned."""
    random.setstate(states['python'])
    np.random.set_state(states['numpy'])
    torch.set_rng_state(states['torch'].cpu())
    if states['cuda'] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states['cuda'].cpu())


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Saves the random states of every process in the checkpoint and restores them on resume.

    The order of the data needs no state: it follows from the seed, and mmengine's iteration-based loop replays the
    batches that were already used, so that worker processes reach their states as well. Evaluation consumes no random
    numbers, so that evaluating more often, or resuming after an evaluation, does not change the training.

    Exact with :class:`mmengine.runner.IterBasedTrainLoop` for any number of workers, and with the epoch-based loop at
    the ends of epochs unless ``persistent_workers`` is set: those workers restart with their seed, and a warning says
    so. The same number of processes is needed.
    """

    # the checkpoint is written by a hook of priority VERY_LOW
    priority = 'LOW'

    def __init__(self):
        self._loaded: list[dict[str, Any]] | None = None
        self._before_evaluation: dict[str, Any] | None = None
        self._gathered: tuple[int, list[dict[str, Any]]] | None = None

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if _saves_now(runner, by_epoch=False):
            self._gather(runner, _random_states())

    def after_train_epoch(self, runner) -> None:
        if _saves_now(runner, by_epoch=True):
            self._gather(runner, _random_states())

    def before_val(self, runner) -> None:
        # a best checkpoint is saved while evaluation still runs
        self._before_evaluation = _random_states()
        self._gather(runner, self._before_evaluation)

    def after_val(self, runner) -> None:
        if self._before_evaluation is not None:
            _set_random_states(self._before_evaluation)
        self._before_evaluation = None

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        # mmengine calls this in the main process only, where nothing can be gathered any more
        if get_world_size() == 1:
            checkpoint['random_states'] = [self._before_evaluation or _random_states()]
        elif self._gathered and self._gathered[0] == runner.iter:
            checkpoint['random_states'] = self._gathered[1]
        else:
            runner.logger.warning(
                'A checkpoint that no CheckpointHook scheduled lacks the random states of the other processes: '
                'training resumed from it will differ from an uninterrupted one.'
            )

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        self._loaded = checkpoint.get('random_states')

    def before_train(self, runner) -> None:
        loop = runner.train_loop
        if not loop.iter:
            # not resumed: only weights were loaded, or nothing
            return
        states = self._loaded or []
        if len(states) != get_world_size():
            runner.logger.warning(
                f'The checkpoint has random states of {len(states)} processes but {get_world_size()} are running: '
                'the resumed training will differ from an uninterrupted one.'
            )
            return
        own = states[get_rank()]
        if isinstance(loop, IterBasedTrainLoop):
            replayed = _replayed(loop.dataloader_iterator, loop.iter, then=lambda: _set_random_states(own))
            # the loop calls nothing but its __next__
            loop.dataloader_iterator = replayed  # pyright: ignore[reportAttributeAccessIssue]
            return
        if loop.dataloader.num_workers and loop.dataloader.persistent_workers:
            runner.logger.warning(
                'persistent_workers is set, so the random augmentation of the resumed epochs will differ from that of '
                'an uninterrupted training.'
            )
        _set_random_states(own)

    def _gather(self, runner, own: dict[str, Any]) -> None:
        if get_world_size() > 1:
            self._gathered = runner.iter, all_gather_object(own)


def _saves_now(runner, by_epoch: bool) -> bool:
    """Whether a CheckpointHook will save after this iteration, or this epoch."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.by_epoch == by_epoch:
            every = hook.every_n_epochs if by_epoch else hook.every_n_train_iters
            is_last = hook.is_last_train_epoch if by_epoch else hook.is_last_train_iter
            if every(runner, hook.interval, hook.save_begin) or (hook.save_last and is_last(runner)):
                return True
    return False


def _replayed(batches: Iterator, count: int, then: Callable[[], None]) -> Iterator:
    """All the batches; ``then`` is called when the first ``count`` are used, before the next is made."""
    bar = progress_bar(count, 'replaying used batches', leave=False)
    for _ in range(count):
        yield next(batches)
        bar.update()
    bar.close()
    then()
    yield from batches
