"""InstancePartMetric: AP^p and PCP, which score whole people by their parts."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmhparse.evaluation.functional import (
    INSTANCE_PART_PROTOCOLS,
    THRESHOLDS,
    InstancePartProtocol,
    PersonClaims,
    claim_people,
    get_protocol,
    score_claims,
)
from mmhparse.registry import METRICS

from .sample_reading import naming_image, part_set_of, read_array, read_predicted_people, read_true_people
from .table import format_table
from .undefined import undefined_metrics


@METRICS.register_module()
class InstancePartMetric(BaseMetric):
    """Scores people by the mean IoU of their parts.

    Reports as fractions ``AP_p_10`` ... ``AP_p_90`` at overlaps above 0.1 ... 0.9, their mean ``AP_p_vol``, and
    ``PCP_10`` ... ``PCP_90``. Images without people or without predictions are fine; a set without any prediction
    scores 0, and one without true people NaN.

    Args:
        protocol: Whose rules to follow: a name in :data:`~mmhparse.evaluation.functional.INSTANCE_PART_PROTOCOLS` or
            the rules. By default true and predicted people without pixels do not count, and a prediction on ignored
            pixels is not a false positive.
        kwargs: ``collect_device``, ``collect_dir`` and ``prefix`` of mmengine's BaseMetric.

    Raises:
        ValueError: If a sample cannot be scored; the message names the image.
    """

    NAMES = (
        *(f'AP_p_{round(100 * threshold)}' for threshold in THRESHOLDS),
        'AP_p_vol',
        *(f'PCP_{round(100 * threshold)}' for threshold in THRESHOLDS),
    )

    def __init__(self, protocol: str | InstancePartProtocol = 'mmhparse', **kwargs):
        super().__init__(**kwargs)
        self.protocol = get_protocol(protocol, INSTANCE_PART_PROTOCOLS)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Records for each image which true person each prediction claims."""
        classes = len(part_set_of(self.dataset_meta))
        for sample in data_samples:
            with naming_image(sample):
                scores = read_array(sample, 'pred_people', 'scores')
                predicted, truth = read_predicted_people(sample), read_true_people(sample)
                self.results.append(claim_people(predicted, scores, truth, classes, self.protocol))

    def compute_metrics(self, results: list[PersonClaims]) -> dict[str, float]:
        """Ranks the predictions of all images."""
        scores = score_claims(results, self.protocol)
        if scores.num_people == 0:
            return undefined_metrics(self.NAMES, f'none of {len(results)} images has a true person with part pixels.')
        columns = ['overlap above', *map(str, THRESHOLDS), 'mean']
        rows = [('AP^p', [*scores.ap, scores.ap_vol]), ('PCP', [*scores.pcp, scores.pcp.mean()])]
        MMLogger.get_current_instance().info(
            f'{scores.num_predictions} predictions of {scores.num_people} people\n' + format_table(columns, rows)
        )
        return dict(zip(self.NAMES, map(float, [*scores.ap, scores.ap_vol, *scores.pcp]), strict=True))
