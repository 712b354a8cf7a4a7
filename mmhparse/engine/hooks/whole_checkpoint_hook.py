"""WholeCheckpointHook: a checkpoint must fit the model completely."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.model.test_time_aug import BaseTTAModel

from mmhparse.registry import HOOKS

from ..checkpoints import check_fit


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
        check_fit(model.state_dict(), checkpoint.get('state_dict', checkpoint))
