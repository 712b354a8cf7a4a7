"""FiniteWeightsHook: a training stops as soon as a weight is NaN or infinite."""

from mmengine.hooks import Hook
from torch.nn.utils import get_total_norm

from mmhparse.registry import HOOKS


@HOOKS.register_module()
class FiniteWeightsHook(Hook):
    """Checks all weights after each step, and raises an error that names the first that are not finite.

    Without it a training goes on with NaN everywhere, overwrites its good checkpoints, or crashes: torch's backward
    pass of ``grid_sample`` reads foreign memory at coordinates of NaN. Steps that a gradient scaler skips pass.
    """

    priority = 'VERY_HIGH'  # before a checkpoint is saved

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        named = {name: weight.detach() for name, weight in runner.model.named_parameters() if weight.requires_grad}
        if get_total_norm(list(named.values()), float('inf')).isfinite():
            return
        bad = [name for name, weight in named.items() if not weight.isfinite().all()]
        others = f' and {len(bad) - 1} more' if len(bad) > 1 else ''
        raise FloatingPointError(
            f'Iteration {runner.iter + 1}: the weights {bad[0]}{others} are NaN or infinite after this step, so the '
            f'gradient was. This step was not saved. Lower the learning rate '
            f'or optim_wrapper.clip_grad.max_norm, train in float32, or look for labels that make a loss '
            f'infinite; then continue from the last checkpoint in {runner.work_dir}, if there is one, with --resume.'
        )
