"""ParseVisualizationHook: pictures of predictions while testing."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.hooks import Hook
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmhparse.datasets.transforms.loading import read_image
from mmhparse.registry import HOOKS


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

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
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


def image_name(sample: BaseDataElement) -> str:
    """The name of the image's file without its ending; where there is no file, its id."""
    path = sample.metainfo.get('img_path')
    return Path(path).stem if path else f'{sample.metainfo["img_id"]:08d}'


def original_image(sample: BaseDataElement, packed: Tensor) -> np.ndarray:
    """The original image, (H, W, 3) uint8 RGB; where there is no file, the network input at the original size."""
    meta = sample.metainfo
    if meta.get('img_path'):
        # as data sets read it: annotations are not turned by EXIF either
        return np.ascontiguousarray(read_image(meta['img_path'], exif=False)[..., ::-1])
    rows, columns = meta['img_shape'][:2]
    height, width = meta['ori_shape'][:2]
    image = packed[[2, 1, 0], :rows, :columns].permute(1, 2, 0).cpu().numpy()
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=cv2.INTER_LINEAR)
