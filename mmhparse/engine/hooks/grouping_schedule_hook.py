"""GroupingScheduleHook: when the grouping loss starts, and how fast it rises."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmhparse.registry import HOOKS


@HOOKS.register_module()
class GroupingScheduleHook(Hook):
    """Sets ``share`` of the model's grouping loss: 0 until ``start``, then rising linearly to 1 during ``ramp``.

    Peaks of an untrained network are noise, and grouping them teaches nothing. Before ``start`` the loss costs no time.
    A training that is resumed goes on where it was, as the share follows from the iteration.

    Args:
        start: When the loss starts, as a share of the training's iterations.
        ramp: How long it rises, as such a share; 0 for at once.

    Raises:
        ValueError: If ``start`` is not in [0, 1) or ``ramp`` is not in [0, 1].
    """

    def __init__(self, start: float = 0.5, ramp: float = 0.1):
        if not 0 <= start < 1 or not 0 <= ramp <= 1:
            raise ValueError(f'expected start in [0, 1) and ramp in [0, 1], got {start} and {ramp}.')
        self.start = start
        self.ramp = ramp

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        loss = getattr(model, 'grouping_loss', None)
        if loss is not None:
            begun = (runner.iter + 1) / runner.max_iters - self.start
            loss.share = float(begun > 0) if self.ramp == 0 else min(max(begun / self.ramp, 0.0), 1.0)
