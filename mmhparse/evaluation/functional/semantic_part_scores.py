"""mIoU, mean accuracy and pixel accuracy of part maps, without regard to people."""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .protocols import SEMANTIC_PART_PROTOCOLS, SemanticPartProtocol, get_protocol
from .runs import count_cells, merge_runs


@dataclass(frozen=True, eq=False)
class SemanticPartScores:
    """Fractions of a whole set. Classes that a protocol excludes are NaN.

    Attributes:
        iou: (C,) intersection over union of each class.
        accuracy: (C,) share of the true pixels of each class that have this class in the prediction.
        miou, mean_accuracy, mean_f1: Means over the classes, background included.
        pixel_accuracy: Share of all true pixels that have the right class.
        frequency_weighted_iou: Sum of the IoU, each weighted with the share of its class in the true pixels.
    """

    iou: np.ndarray
    accuracy: np.ndarray
    miou: float
    mean_accuracy: float
    mean_f1: float
    pixel_accuracy: float
    frequency_weighted_iou: float


def part_confusion(predicted: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts the pixels of each pair of true and predicted class.

    Args:
        predicted: (H, W) integers below ``num_classes``.
        truth: (H, W) integers below ``num_classes``, or 255 = ignore.
        num_classes: C, with the background.

    Returns:
        (C, C) int64; row = true class, column = predicted class.

    Raises:
        ValueError: If the sizes differ, a map does not hold integers or a label is out of range.
    """
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    for name, labels in (('predicted', predicted), ('true', truth)):
        if labels.dtype.kind not in 'iub':
            raise ValueError(f'the {name} part_map must hold integers, got {labels.dtype}.')
    if truth.ndim != 2:
        raise ValueError(f'the true part_map must be that of one image, (H, W), got {truth.shape}; add the tables.')
    if predicted.shape != truth.shape:
        raise ValueError(
            f'the predicted part_map is {predicted.shape} (H, W) but the true one is {truth.shape}. Predict at the '
            'size of the original image.'
        )
    (predicted, truth), lengths = merge_runs([predicted[None], truth[None]])  # (1, N) each
    known = truth != IGNORE  # (1, N)
    for name, labels in (('predicted', predicted), ('true', truth[known])):
        if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
            raise ValueError(
                f'{name} part_map has labels from {labels.min()} to {labels.max()}, but there are {num_classes} '
                f'classes, 0 to {num_classes - 1}. Do the part sets of the model and of the data set agree?'
            )
    # one number a run, row * C + column: with C = 3, true class 2 predicted as 1 is counted in cell 7
    cells = truth[known].astype(np.int64) * num_classes + predicted[known].astype(np.int64)  # (known runs,)
    lengths = None if lengths is None else lengths[known[0]]
    return count_cells(cells, lengths, num_classes**2).reshape(num_classes, num_classes)  # (C, C)


def semantic_part_scores(
    confusion: np.ndarray, protocol: str | SemanticPartProtocol = 'mmhparse'
) -> SemanticPartScores:
    """Scores of a whole set, from the sum of its images' confusion matrices.

    IoU_c = tp_c / (true_c + predicted_c - tp_c), accuracy_c = tp_c / true_c,
    F1_c = 2 tp_c / (true_c + predicted_c).

    Args:
        confusion: (C, C) pixel counts; row = true class, column = predicted class.
        protocol: How classes without pixels count: a name in ``SEMANTIC_PART_PROTOCOLS`` or the rules.

    Returns:
        Scores; NaN where a mean has nothing to average, for example when every pixel is ignored.

    Raises:
        ValueError: If the counts are not (C, C), or some are negative or not finite.
    """
    rules = get_protocol(protocol, SEMANTIC_PART_PROTOCOLS)
    # integers of few bits would wrap where counts are added
    confusion = np.asarray(confusion).astype(np.float64)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f'confusion must be (C, C), row = true class, column = predicted, got {confusion.shape}.')
    if not ((confusion >= 0) & np.isfinite(confusion)).all():
        raise ValueError('confusion must hold counts of pixels; some are negative or not finite.')
    hit, true, predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)  # (C,) each
    iou = _ratio(hit, true + predicted - hit, rules)
    accuracy, f1 = _ratio(hit, true, rules), _ratio(2 * hit, true + predicted, rules)
    total = confusion.sum()
    share = true / max(total, 1)  # (C,)
    return SemanticPartScores(
        iou=iou,
        accuracy=accuracy,
        miou=_mean(iou),
        mean_accuracy=_mean(accuracy),
        mean_f1=_mean(f1),
        pixel_accuracy=float(hit.sum() / total) if total else float('nan'),
        frequency_weighted_iou=float((share * iou)[true > 0].sum()),  # 0, by the official script, if all is ignored
    )


def _ratio(part: np.ndarray, whole: np.ndarray, rules: SemanticPartProtocol) -> np.ndarray:
    """(C,) part / whole; of classes without pixels, what the protocol says."""
    empty = np.nan if rules.absent == 'excluded' else 0.0
    return np.where(whole > 0, part / (np.where(whole > 0, whole, 1) + rules.epsilon), empty)


def _mean(values: np.ndarray) -> float:
    """Mean of the values (C,) that are not NaN."""
    known = ~np.isnan(values)
    return float(values[known].mean()) if known.any() else float('nan')
