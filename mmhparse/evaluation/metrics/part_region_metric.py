"""PartRegionMetric: AP^r, for each part of each person as a region of its own."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmhparse.evaluation.functional import (
    PART_REGION_PROTOCOLS,
    THRESHOLDS,
    PartHits,
    PartRegionProtocol,
    find_parts,
    get_protocol,
    score_hits,
    show_score,
)
from mmhparse.registry import METRICS

from .sample_reading import naming_image, part_set_of, read_array, read_predicted_people, read_true_people
from .table import format_table
from .undefined import undefined_metrics


@METRICS.register_module()
class PartRegionMetric(BaseMetric):
    """Scores the rows of ``pred_parts``, each part of each person, by the IoU of their regions.

    Reports as fractions ``AP_r_10`` ... ``AP_r_90`` at IoU above 0.1 ... 0.9 and their mean ``AP_r_vol``, and logs each
    class. A set without any prediction scores 0, and one without true parts NaN.

    Args:
        protocol: Whose rules to follow: a name in :data:`~mmhparse.evaluation.functional.PART_REGION_PROTOCOLS` or the
            rules. By default a true part can be found once, and classes without true parts are left out.
        kwargs: ``collect_device``, ``collect_dir`` and ``prefix`` of mmengine's BaseMetric.

    Raises:
        ValueError: If a sample cannot be scored; the message names the image.
    """

    NAMES = (*(f'AP_r_{round(100 * threshold)}' for threshold in THRESHOLDS), 'AP_r_vol')

    def __init__(self, protocol: str | PartRegionProtocol = 'mmhparse', **kwargs):
        super().__init__(**kwargs)
        self.protocol = get_protocol(protocol, PART_REGION_PROTOCOLS)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Records for each image which predicted parts are true positives."""
        classes = len(part_set_of(self.dataset_meta))
        for sample in data_samples:
            with naming_image(sample):
                predicted, truth = read_predicted_people(sample), read_true_people(sample)
                scores = _read_part_scores(sample, predicted.num_people, classes)
                self.results.append(find_parts(predicted, scores, truth, classes, self.protocol))

    def compute_metrics(self, results: list[PartHits]) -> dict[str, float]:
        """Ranks the parts of all images, class by class."""
        parts = part_set_of(self.dataset_meta).parts
        if not any(image.num_true.any() for image in results):
            return undefined_metrics(self.NAMES, f'none of {len(results)} images has a true part.')
        scores = score_hits(results, len(parts), self.protocol)
        rows = [(name, [*ap, ap.mean()]) for name, ap in zip(parts[1:], scores.per_class, strict=True)]
        rows.append(('mean', [*scores.ap, scores.ap_vol]))
        MMLogger.get_current_instance().info(
            'AP^r at IoU above\n' + format_table(['part', *map(str, THRESHOLDS), 'mean'], rows)
        )
        return dict(zip(self.NAMES, map(float, [*scores.ap, scores.ap_vol]), strict=True))


def _read_part_scores(sample: dict, people: int, classes: int) -> np.ndarray:
    """(P, C) scores of the rows of ``pred_parts``, NaN where there is no row."""
    labels, persons, scores = (read_array(sample, 'pred_parts', key) for key in ('labels', 'persons', 'scores'))  # (Q,)
    for name, values, highest in (('labels', labels, classes - 1), ('persons', persons, people)):
        if len(values) and values.dtype.kind not in 'iu':
            raise ValueError(f'pred_parts.{name} must be integers, got {values.dtype}.')
        if len(values) and not 1 <= values.min() <= values.max() <= highest:
            raise ValueError(f'pred_parts.{name} must be from 1 to {highest}, got {values.min()} to {values.max()}.')
    if not np.isfinite(scores).all():
        row = np.flatnonzero(~np.isfinite(scores))[0]
        raise ValueError(
            f'pred_parts.scores has {show_score(float(scores[row]))} in row {row}, of person {persons[row]}.'
        )
    table = np.full((people, classes), np.nan)  # (P, C)
    table[persons - 1, labels] = scores
    if np.count_nonzero(~np.isnan(table)) < len(labels):
        raise ValueError('pred_parts lists a part of a person twice.')
    return table
