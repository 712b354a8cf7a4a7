"""The published evaluators' rules once more, as slow plain loops on one map a person: what protocols must equal.

Each function follows the wording of the rules and shares nothing with the package but the thresholds.
"""

import numpy as np

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class EvaluatorStopsError(Exception):
    """The evaluator ends with an exception."""


def voc_area(recall, precision):
    """PASCAL VOC's area with its sentinels."""
    recall, precision = [0.0, *recall, 1.0], [0.0, *precision, 0.0]
    for k in range(len(precision) - 1, 0, -1):
        precision[k - 1] = max(precision[k - 1], precision[k])
    return sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall)) if recall[k] != recall[k - 1])


def class_ious(predicted, truth, num_classes):
    """IoU of each class in two label maps, NaN without pixels; pixels with a true label out of range are dropped."""
    ious = np.full(num_classes, np.nan)
    for c in range(num_classes):
        either = both = 0
        for p, g in zip(predicted.ravel(), truth.ravel(), strict=True):
            if g < num_classes:
                either += p == c or g == c
                both += p == c and g == c
        if either:
            ious[c] = both / either
    return ious


def counted_people(truth, evaluator):
    """The true label maps that an evaluator keeps."""
    kept = []
    for labels in truth:
        if evaluator.startswith('mhp') and not (labels > 0).any():
            continue
        if evaluator == 'mhp_v1' and ((labels == 255) == (labels > 0)).all():
            continue
        kept.append(labels)
    return kept


def people_of_two_maps(category, human):
    """How M2FP makes people of a category map and a map of person ids."""
    return [category * (human == person) for person in sorted(set(human.ravel().tolist()) - {0})]


def ap_p_and_pcp(images, num_classes, evaluator):
    """AP^p and PCP at the nine thresholds; images are (predicted maps, scores, true maps)."""
    floor = dict(parsing_rcnn=0.001, m2fp=0.01).get(evaluator, -np.inf)
    rows, num_parts = [], {}
    for n, (predicted, scores, truth) in enumerate(images):
        truth = counted_people(truth, evaluator)
        for g, labels in enumerate(truth):
            num_parts[n, g] = len(set(labels.ravel().tolist()) & set(range(1, num_classes)))
        for labels, score in zip(predicted, scores, strict=True):
            if not score < floor:
                rows.append((score, n, [class_ious(labels, true_labels, num_classes) for true_labels in truth]))
    if not rows:
        raise EvaluatorStopsError('no predictions')
    rows = [rows[k] for k in np.argsort([-score for score, _, _ in rows], kind='stable')]
    ap, pcp = [], []
    for t in THRESHOLDS:
        taken, found, recall, precision = {}, 0, [], []
        for shown, (_, n, ious) in enumerate(rows, start=1):
            best, claimed = -np.inf, None
            for g, values in enumerate(ious):
                overlap = np.nanmean(values) if not np.isnan(values).all() else np.nan
                if overlap > best:
                    best, claimed = overlap, g
            if best > t and (n, claimed) not in taken:
                right = sum(value > t for value in ious[claimed][1:])
                taken[n, claimed] = right / num_parts[n, claimed] if num_parts[n, claimed] else 0.0
                found += 1
            recall.append(found / len(num_parts) if num_parts else np.nan)
            precision.append(found / shown)
        ap.append(voc_area(recall, precision) if num_parts else np.nan)
        pcp.append(sum(taken.values()) / len(num_parts) if num_parts else np.nan)
    return np.array(ap), np.array(pcp)


def ap_r(images, num_classes, evaluator):
    """AP^r of each class at the nine thresholds and the mean over classes.

    Images are (rows of (mask, class, score), pairs of (mask, class)).
    """
    per_class = np.zeros((num_classes - 1, 9))
    for c in range(1, num_classes):
        total, scores, best = 0, [], []
        for rows, truth in images:
            true_masks = [mask for mask, label in truth if label == c and mask.any()]
            total += len(true_masks)
            for mask, label, score in rows:
                if label == c and (mask.any() or evaluator == 'm2fp'):
                    scores.append(score)
                    best.append(max([(mask & true).sum() / (mask | true).sum() for true in true_masks], default=0.0))
        order = np.argsort(scores, kind='stable')[::-1] if scores else []
        for k, t in enumerate(THRESHOLDS):
            hits = [best[row] > t for row in order]
            if total == 0:
                per_class[c - 1, k] = np.nan if hits else 0.0
                continue
            found = np.cumsum(hits)
            per_class[c - 1, k] = voc_area(found / total, found / np.arange(1, len(hits) + 1)) if hits else 0.0
    columns = per_class.T
    if evaluator == 'pgn':
        return per_class, np.array([np.mean(column) for column in columns])
    means = [np.nanmean(column) if not np.isnan(column).all() else np.nan for column in columns]
    return per_class, np.array(means)


def semantic(pairs, num_classes, evaluator):
    """mIoU, mean accuracy, pixel accuracy, mean F1 and frequency-weighted IoU of (prediction, truth) label maps.

    The last two are of those evaluators alone that report them, NaN elsewhere.
    """
    h = [[0] * num_classes for _ in range(num_classes)]
    for predicted, truth in pairs:
        for p, g in zip(predicted.ravel().tolist(), truth.ravel().tolist(), strict=True):
            if g != 255:
                h[g][p] += 1
    total = sum(map(sum, h))
    epsilon = 1e-10 if evaluator == 'm2fp' else 0.0
    zeros = evaluator in ('m2fp', 'schp', 'mg')
    ious, accuracies, f1, weighted = [], [], [], 0.0
    for c in range(num_classes):
        hit, true, predicted = h[c][c], sum(h[c]), sum(row[c] for row in h)
        union = true + predicted - hit
        if union or zeros:
            ious.append(hit / (union + epsilon) if union else 0.0)
        if true or zeros:
            accuracies.append(hit / (true + epsilon) if true else 0.0)
        precision, recall = hit / (predicted + 1e-10), hit / (true + 1e-10)
        f1.append(2 * precision * recall / (precision + recall + 1e-10))
        weighted += true / total * (hit / union) if true else 0.0
    return dict(
        miou=np.mean(ious),
        mean_accuracy=np.mean(accuracies),
        pixel_accuracy=sum(h[c][c] for c in range(num_classes)) / total,
        mean_f1=np.mean(f1) if evaluator == 'm2fp' else np.nan,
        frequency_weighted_iou=weighted if evaluator == 'mg_global' else np.nan,
    )
