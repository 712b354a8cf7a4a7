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
        out_dir: Folder for pictures, each named after its image; None saves none. Of images of one name, as ``a/1.jpg``
            and ``b/1.jpg``, the later ones get a number; several processes do not know the names of each other.
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
        self._names: set[str] = set()

    def before_test_epoch(self, runner) -> None:
        self._seen = 0
        self._names.clear()

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
            name = self._free_name(image_name(sample))
            runner.visualizer.add_datasample(
                name,
                original_image(sample, packed),
                data_sample=sample,
                show=self.show,
                wait_time=self.wait_time,
                out_file=str(Path(self.out_dir) / f'{name}.png') if self.out_dir else None,
                step=self._seen,
            )

    def _free_name(self, wanted: str) -> str:
        """The name, or with the first number from 2 on that no picture of this test has."""
        name, repeat = wanted, 1
        while name.casefold() in self._names:  # some file systems do not distinguish upper from lower case
            repeat += 1
            name = f'{wanted}_{repeat}'
        self._names.add(name.casefold())
        return name
