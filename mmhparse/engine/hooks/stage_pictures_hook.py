"""StagePicturesHook: pictures of every stage of fixed images, at each validation."""

from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmhparse.registry import HOOKS
from mmhparse.structures import ImageGeometry, Parsing
from mmhparse.visualization import draw_stages, in_grid

from .original_images import image_name, original_image


@HOOKS.register_module()
class StagePicturesHook(Hook):
    """Draws every stage of the first validation images, from the fields to the parsing, as one sheet an image.

    The sheets go to the visualizer's back ends as ``stages_<name of the image>`` with the iteration as step: files of
    LocalVisBackend, a slider in TensorBoard. With several processes the main process draws of its own images.

    Args:
        num_images: Number of images.
        columns: Pictures in a row of a sheet.
    """

    def __init__(self, num_images: int = 4, columns: int = 4):
        self.num_images = num_images
        self.columns = columns
        self._drawn = 0
        self._kept_fields = False

    def before_val_epoch(self, runner) -> None:
        self._drawn = 0
        self._kept_fields = _parser(runner).keep_fields

    def before_val_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        _parser(runner).keep_fields = self._kept_fields or self._wants_more()

    def after_val_iter(self, runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        for packed, sample in zip(data_batch['inputs'], outputs, strict=True):
            if not self._wants_more():
                return
            self._drawn += 1
            stages = draw_stages(
                original_image(sample, packed),
                sample.pred_fields,
                ImageGeometry.from_metainfo(sample.metainfo),
                _parser(runner).codec,
                sample.pred_people,
                Parsing.from_pixel_data(sample.pred_parsing, sample.pred_parts),
            )
            titles = [name.replace('_', ' ') for name in stages]
            sheet = in_grid(list(stages.values()), titles, self.columns)
            runner.visualizer.add_image(f'stages_{image_name(sample)}', sheet, runner.iter)

    def after_val_epoch(self, runner, metrics=None) -> None:
        _parser(runner).keep_fields = self._kept_fields

    def _wants_more(self) -> bool:
        return is_main_process() and self._drawn < self.num_images


def _parser(runner):
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
