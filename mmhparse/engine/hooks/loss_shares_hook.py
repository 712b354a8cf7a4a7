"""LossSharesHook: the share of each loss in the total."""

from mmengine.hooks import Hook

from mmhparse.registry import HOOKS


@HOOKS.register_module()
class LossSharesHook(Hook):
    """Logs ``share_X`` beside each ``loss_X``: its magnitude over the sum of all magnitudes; shares add up to 1.

    Magnitudes, because weighted losses (:class:`mmhparse.models.LearnedLossWeights`) may be negative.
    """

    # the log is written by a hook of priority BELOW_NORMAL
    priority = 'NORMAL'

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        sizes = {name: value.detach().abs() for name, value in (outputs or {}).items() if name.startswith('loss_')}
        total = sum(sizes.values())
        for name, size in sizes.items():
            share = size / total if total > 0 else size
            runner.message_hub.update_scalar(f'train/share_{name.removeprefix("loss_")}', share)
