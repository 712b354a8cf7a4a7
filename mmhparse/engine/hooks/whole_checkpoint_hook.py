"""WholeCheckpointHook: a checkpoint must fit the model completely."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.model.test_time_aug import BaseTTAModel

from mmhparse.registry import HOOKS
from mmhparse.utils import UsageError


@HOOKS.register_module()
class WholeCheckpointHook(Hook):
    """Refuses a checkpoint of another model before its weights are loaded.

    mmengine leaves out weights that do not fit, with a warning, and continues with random ones in their place. That is
    right for a training that starts from other weights (``load_from``), and wrong for a test and for a resume.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        model: Any = runner.model
        while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
            model = model.module
        expected = model.state_dict()
        weights = checkpoint.get('state_dict', checkpoint)
        different = [
            f'{name} is {tuple(weights[name].shape)} in the checkpoint and {tuple(value.shape)} in the model'
            for name, value in expected.items()
            if name in weights and weights[name].shape != value.shape
        ]
        missing = [f'{name} is not in the checkpoint' for name in expected if name not in weights]
        unknown = [f'{name} is not in the model' for name in weights if name not in expected]
        problems = [*different, *missing, *unknown]
        if problems:
            more = f' and {len(problems) - 3} more' if len(problems) > 3 else ''
            raise UsageError(
                f'The checkpoint does not fit the model of the config: {"; ".join(problems[:3])}{more}. Give the '
                'config that it was trained with; a checkpoint of other part classes or joints has other heads '
                '(codec.part_set, codec.skeleton).'
            )
