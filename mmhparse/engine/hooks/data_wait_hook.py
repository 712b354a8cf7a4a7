"""DataWaitHook: the share of a training's time in which the network waits for data."""

from collections import deque
from time import perf_counter

from mmengine.hooks import Hook

from mmhparse.registry import HOOKS


@HOOKS.register_module()
class DataWaitHook(Hook):
    """Logs ``data_wait``: of the time of the last iterations, the share in [0, 1] spent waiting for their batches.

    Above some 0.05 more workers of the data loader pay off, as long as cores are free. Validation does not count.
    ``data_time`` of mmengine's timer is not the same: it contains what hooks do between iterations, such as saving.

    Args:
        window: Over how many iterations.

    Raises:
        ValueError: If that is less than 1.
    """

    # last of all hooks, so that what they do is not taken for waiting
    priority = 'LOWEST'

    def __init__(self, window: int = 20):
        if window < 1:
            raise ValueError(f'DataWaitHook: window must be at least 1 iteration, got {window}.')
        self._spent: deque[tuple[float, float]] = deque(maxlen=window)  # seconds waited, and of the whole iteration
        self._begin = self._waited = 0.0

    def before_train_epoch(self, runner) -> None:
        self._begin = perf_counter()

    def after_val(self, runner) -> None:
        self._begin = perf_counter()

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        self._waited = perf_counter() - self._begin
        if self._spent:
            waited, whole = (sum(seconds) for seconds in zip(*self._spent, strict=True))
            runner.message_hub.update_scalar('train/data_wait', waited / whole if whole > 0 else 0.0)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        end = perf_counter()
        self._spent.append((self._waited, end - self._begin))
        self._begin = end
