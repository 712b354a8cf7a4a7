"""PartErrorMetric: how much of the lost AP^p is due to which kind of error."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmhparse.evaluation.error_analysis import (
    ERROR_KINDS,
    ErrorAnalysis,
    ImageErrors,
    RepairedClaims,
    claim_repaired,
    score_repaired,
)
from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.registry import METRICS

from .sample_reading import naming_image, part_set_of, read_array, read_predicted_people, read_true_people
from .table import format_table
from .undefined import undefined_metrics


@dataclass(frozen=True, order=True)
class WorstImage:
    """An image that loses much AP^p, with its people and errors for drawing.

    Attributes:
        lost_people: True people times 1 - AP^p_vol of the image alone.
        index: Index of the image among those that the metric saw.
        name: Path or id of the image.
        predicted, truth: The people.
        errors: The errors of the prediction.
    """

    lost_people: float
    index: int
    name: str = field(compare=False)
    predicted: PeopleMaps = field(compare=False)
    truth: PeopleMaps = field(compare=False)
    errors: ImageErrors = field(compare=False)


@METRICS.register_module()
class PartErrorMetric(BaseMetric):
    """Corrects one kind of error after the other with the truth, and measures what each correction adds to AP^p.

    Reports as fractions ``AP_p_lost``, which is 1 - AP^p_vol, and its shares ``AP_p_lost_missed_person``,
    ``..._false_person``, ``..._wrong_person``, ``..._wrong_part`` and ``..._boundary``, each corrected after those
    before it; NaN, with a warning in the log, for a set without true people. The kinds are defined in
    :mod:`mmhparse.evaluation.error_analysis`.

    Args:
        band: Largest displacement of a border, as a fraction of the image's diagonal; at least one pixel.
        keep_worst: Number of images, of those that lose most, to keep in ``worst``; each process keeps its own.
        kwargs: ``collect_device``, ``collect_dir`` and ``prefix`` of mmengine's BaseMetric.

    Attributes:
        analysis: The result of the last evaluation; None before it, and where no image has a true person, of which
            the values are NaN.
        worst: The images that lost most since the metric was made, the worst first.

    Raises:
        ValueError: If a sample cannot be scored; the message names the image.
    """

    NAMES = ('AP_p_lost', *(f'AP_p_lost_{kind}' for kind in ERROR_KINDS))

    def __init__(self, band: float = 0.005, keep_worst: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.band = band
        self.keep_worst = keep_worst
        self.analysis: ErrorAnalysis | None = None
        self._worst: list[WorstImage] = []

    @property
    def worst(self) -> list[WorstImage]:
        return sorted(self._worst, reverse=True)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Records the claims of each image before and after each correction."""
        classes = len(part_set_of(self.dataset_meta))
        for sample in data_samples:
            with naming_image(sample):
                scores = read_array(sample, 'pred_people', 'scores')
                predicted, truth = read_predicted_people(sample), read_true_people(sample)
                claims, errors = claim_repaired(predicted, scores, truth, classes, self.band)
            name = str(sample.get('img_path') or sample.get('img_id', len(self.results)))
            image = WorstImage(claims.lost_people(), len(self.results), name, predicted, truth, errors)
            if image.lost_people > 0:
                heapq.heappush(self._worst, image)
            if len(self._worst) > self.keep_worst:
                heapq.heappop(self._worst)
            self.results.append(claims)

    def compute_metrics(self, results: list[RepairedClaims]) -> dict[str, float]:
        """Scores all images again after each repair."""
        if not any(len(image.before.num_parts) for image in results):
            self.analysis = None
            return undefined_metrics(self.NAMES, f'none of {len(results)} images has a true person with part pixels.')
        self.analysis = score_repaired(results)
        gains = self.analysis.gain_in_turn.mean(1)
        rows = [(kind, [gain]) for kind, gain in zip(ERROR_KINDS, gains, strict=True)]
        rows.append(('all', [self.analysis.lost.mean()]))
        MMLogger.get_current_instance().info('AP^p lost\n' + format_table(['by', 'lost'], rows))
        return dict(zip(self.NAMES, map(float, [self.analysis.lost.mean(), *gains]), strict=True))
