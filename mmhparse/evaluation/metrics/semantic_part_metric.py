"""SemanticPartMetric: mIoU and accuracies of part maps."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmhparse.evaluation.functional import (
    SEMANTIC_PART_PROTOCOLS,
    SemanticPartProtocol,
    get_protocol,
    part_confusion,
    semantic_part_scores,
)
from mmhparse.registry import METRICS

from .sample_reading import naming_image, part_set_of, read_array
from .table import format_table
from .undefined import undefined_metrics


@METRICS.register_module()
class SemanticPartMetric(BaseMetric):
    """Scores the part map of each image, without regard to people.

    Reports ``mIoU``, ``pixel_accuracy`` and ``mean_accuracy`` as fractions, and logs each class; they are NaN in a
    set without a labelled pixel.

    Args:
        protocol: How classes without pixels count: a name in
            :data:`~mmhparse.evaluation.functional.SEMANTIC_PART_PROTOCOLS` or the rules. By default they are left out.
        predicted: Field and key of the predicted part map in a data sample, (1, H, W).
        truth: Those of the true one. With ``predicted='pred_sem_seg.data', truth='gt_sem_seg.data'`` the metric scores
            models of mmsegmentation.
        kwargs: ``collect_device``, ``collect_dir`` and ``prefix`` of mmengine's BaseMetric.

    Raises:
        ValueError: If a sample cannot be scored; the message names the image.
    """

    NAMES = ('mIoU', 'pixel_accuracy', 'mean_accuracy')

    def __init__(
        self,
        protocol: str | SemanticPartProtocol = 'mmhparse',
        predicted: str = 'pred_parsing.part_map',
        truth: str = 'gt_parsing.part_map',
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.predicted = _field_and_key(predicted)
        self.truth = _field_and_key(truth)
        self.protocol = get_protocol(protocol, SEMANTIC_PART_PROTOCOLS)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Records the confusion matrix of each image."""
        classes = len(part_set_of(self.dataset_meta))
        for sample in data_samples:
            with naming_image(sample):
                predicted = read_array(sample, *self.predicted)[0]  # (1, H, W) -> (H, W)
                truth = read_array(sample, *self.truth)[0]  # (1, H, W) -> (H, W)
                self.results.append(part_confusion(predicted, truth, classes).astype(np.int32))

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Scores the sum of the confusion matrices."""
        parts = part_set_of(self.dataset_meta).parts
        confusion = np.zeros((len(parts), len(parts)), np.int64)  # (C, C)
        for image in results:
            confusion += image
        if not confusion.any():
            return undefined_metrics(self.NAMES, f'none of {len(results)} images has a labelled pixel.')
        scores = semantic_part_scores(confusion, self.protocol)
        rows = [(name, [iou, right]) for name, iou, right in zip(parts, scores.iou, scores.accuracy, strict=True)]
        rows.append(('mean', [scores.miou, scores.mean_accuracy]))
        MMLogger.get_current_instance().info('Part maps\n' + format_table(['part', 'IoU', 'accuracy'], rows))
        values = scores.miou, scores.pixel_accuracy, scores.mean_accuracy
        return dict(zip(self.NAMES, values, strict=True))


def _field_and_key(name: str) -> tuple[str, str]:
    """Splits the name of a map, such as 'pred_parsing.part_map'."""
    field, dot, key = name.partition('.')
    if not (field and dot and key):
        raise ValueError(f"expected a field and a key of a data sample, 'FIELD.KEY', got '{name}'.")
    return field, key
