"""ParseVisualizationHook: pictures of predictions while testing."""

from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

from mmhparse.registry import HOOKS

from .original_images import image_name, original_image


@HOOKS.register_module()
class ParseVisualizationHook(Hook):
    """Draws truth and predictions of tested images with the runner's visualizer.

    Args:
        enable: Whether to draw at all.
        show: Whether to open a window.
        out_dir: Folder for pictures, each named after its image; None saves none.
        interval: Draw every so many images.
        wait_time: Seconds that a window stays open; 0 waits for a key.
    """

    def __init__(
        self,
        enable: bool = False,
        *,
        show: bool = False,
        out_dir: str | None = None,
        interval: int = 1,
        wait_time: float = 0,
    ):
        self.enable = enable
        self.show = show
        self.out_dir = out_dir
        self.interval = interval
        self.wait_time = wait_time
        self._seen = 0

    def before_test_epoch(self, runner) -> None:
        self._seen = 0

    def after_test_iter(self, runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if not self.enable:
            return
        inputs = data_batch['inputs']
        # test-time augmentation gives several views of each image, the image itself first
        inputs = inputs[0] if isinstance(inputs[0], list | tuple) else inputs
        for packed, sample in zip(inputs, outputs, strict=True):
            self._seen += 1
            if (self._seen - 1) % self.interval:
                continue
            name = image_name(sample)
            runner.visualizer.add_datasample(
                name,
                original_image(sample, packed),
                data_sample=sample,
                show=self.show,
                wait_time=self.wait_time,
                out_file=str(Path(self.out_dir) / f'{name}.png') if self.out_dir else None,
                step=self._seen,
            )
