"""ChangedScheduleHook: a resumed training follows the schedule of its config, not the one of the checkpoint."""

import warnings
from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler import ReduceOnPlateauParamScheduler
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from mmhparse.registry import HOOKS

_COUNTERS = ('last_step', 'verbose', '_global_step', '_last_value')
"""Attributes of a scheduler that say where it is and not what it does."""


@HOOKS.register_module()
class ChangedScheduleHook(Hook):
    """Lets the config decide on learning rates and optimizer settings when a training is resumed.

    mmengine takes everything from the checkpoint: with more iterations and a longer schedule in the config, the
    learning rate would stay at the end of the old schedule without a warning. Here, schedules and settings that differ
    are those of the config, as if the training had had them from its first step on, and the differences are logged.
    The optimizer's state (momentum and the like) always comes from the checkpoint. Nothing changes where nothing
    differs.

    A ``ReduceOnPlateau`` schedule depends on past validations and is always taken from the checkpoint, as are those of
    an ``OptimWrapperDict``.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        wrapper = runner.optim_wrapper
        if 'optimizer' not in checkpoint or not isinstance(wrapper, OptimWrapper):
            return
        schedulers = [one for one in runner.param_schedulers or [] if isinstance(one, _ParamScheduler)]
        saved_states, saved_groups = checkpoint.get('param_schedulers', []), checkpoint['optimizer']['param_groups']
        scheduled = {scheduler.param_name for scheduler in schedulers}
        groups = wrapper.optimizer.param_groups
        changes = [*_changed_schedules(schedulers, saved_states), *_changed_settings(groups, saved_groups, scheduled)]
        if not changes:
            return
        runner.logger.warning(
            f'The checkpoint was trained with other settings: {"; ".join(changes)}. Those of the config are used from '
            'here on; schedules are where they would be if they had been used from the first step on.'
        )
        _advance(schedulers, checkpoint['meta']['iter'], checkpoint['meta']['epoch'])
        checkpoint['param_schedulers'] = [
            saved if isinstance(scheduler, ReduceOnPlateauParamScheduler) else scheduler.state_dict()
            for scheduler, saved in zip(schedulers, [*saved_states, *len(schedulers) * [{}]], strict=False)
        ]
        for saved, group in zip(saved_groups, groups, strict=False):
            saved.update({key: value for key, value in group.items() if key != 'params'})


def _changed_schedules(schedulers: list[_ParamScheduler], saved: list[dict[str, Any]]) -> Iterator[str]:
    """What differs between the schedulers of the config and the saved states, in words."""
    if len(schedulers) != len(saved):
        yield f'{len(saved)} instead of {len(schedulers)} schedules'
        return
    for scheduler, state in zip(schedulers, saved, strict=True):
        if isinstance(scheduler, ReduceOnPlateauParamScheduler):
            continue
        name = f'{type(scheduler).__name__} of {scheduler.param_name}'
        own = scheduler.state_dict()
        for key in own.keys() | state.keys():
            if key not in _COUNTERS and own.get(key) != state.get(key):
                yield f'{name}: {key} was {state.get(key)!r}, is {own.get(key)!r}'


def _changed_settings(groups: list[dict], saved: list[dict], scheduled: set[str]) -> Iterator[str]:
    """What differs between the groups of the optimizer, in words, but for what schedules change."""
    skipped = {'params', *scheduled, *(f'initial_{name}' for name in scheduled)}
    for number, (group, old) in enumerate(zip(groups, saved, strict=False)):
        for key in (group.keys() & old.keys()) - skipped:
            if group[key] != old[key]:
                yield f'optimizer, group {number}: {key} was {old[key]!r}, is {group[key]!r}'


def _advance(schedulers: list[_ParamScheduler], iterations: int, epochs: int) -> None:
    """Brings fresh schedulers, and the parameter groups that they set, to where so many iterations and epochs lead."""
    per_epoch = iterations // epochs if epochs else 0
    stepped = [one for one in schedulers if not isinstance(one, ReduceOnPlateauParamScheduler)]
    with warnings.catch_warnings():
        # the optimizer takes no steps meanwhile
        warnings.filterwarnings('ignore', message=r'Detected call of `scheduler\.step\(\)` before')
        for iteration in range(1, iterations + 1):
            for scheduler in stepped:
                if not scheduler.by_epoch or (per_epoch and iteration % per_epoch == 0):
                    scheduler.step()
