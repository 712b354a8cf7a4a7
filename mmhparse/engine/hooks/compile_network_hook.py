"""CompileNetworkHook: torch.compile for backbone, necks and head."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmhparse.registry import HOOKS


@HOOKS.register_module()
class CompileNetworkHook(Hook):
    """Compiles the modules of the network, before training and before testing.

    ``compile=True`` of the Runner compiles the whole training step, in which losses and matching depend on the number
    of people and are recompiled for each. The network has one size of batches.

    Args:
        options: Arguments of ``torch.compile``, e.g. ``mode='max-autotune'``.
    """

    def __init__(self, **options: Any):
        self.options = options

    def before_train(self, runner) -> None:
        self._compile(runner)

    def before_test(self, runner) -> None:
        self._compile(runner)

    def _compile(self, runner) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        pose_neck = getattr(model, 'pose_neck', None)  # an option of our parser
        for piece in (model.backbone, model.neck, model.head, *([] if pose_neck is None else [pose_neck])):
            piece.compile(**self.options)
