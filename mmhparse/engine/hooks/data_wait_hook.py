"""DataWaitHook: the share of a training's time in which the network waits for data."""

from mmengine.hooks import Hook

from mmhparse.registry import HOOKS


@HOOKS.register_module()
class DataWaitHook(Hook):
    """Logs ``data_wait``: of the time of the last iterations, the share in [0, 1] spent waiting for their batches.

    It reads what mmengine's ``IterTimerHook`` measures. Above some 0.05 more workers of the data loader pay off, as
    long as cores are free.

    Args:
        window: Over how many iterations.
    """

    # after the timer, and before the hook of priority BELOW_NORMAL that writes the log
    priority = 'NORMAL'

    def __init__(self, window: int = 20):
        self.window = window

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        times = runner.message_hub.log_scalars
        if 'train/data_time' in times and 'train/time' in times:
            waited, whole = (times[f'train/{name}'].mean(self.window) for name in ('data_time', 'time'))
            runner.message_hub.update_scalar('train/data_wait', waited / whole if whole > 0 else 0.0)
