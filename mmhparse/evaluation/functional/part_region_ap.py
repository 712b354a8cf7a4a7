"""AP^r: how well each part of each person is found as a region of its own, class by class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .average_precision import THRESHOLDS, average_precision, rank
from .input_checks import per_image, show_score
from .people_maps import PeopleMaps
from .protocols import PART_REGION_PROTOCOLS, PartRegionProtocol, get_protocol
from .shared_pixels import PartInstances, shared_pixels


@dataclass(frozen=True, eq=False)
class PartHits:
    """Which predicted parts of one image are true positives: all that AP^r needs of the image.

    Attributes:
        labels: (Q,) int64; class of each predicted part.
        scores: (Q,) float64.
        hits: (Q, T) bool; whether each finds a true part at each threshold.
        skippable: (Q,) bool; predictions that are left out where they would be wrong.
        num_true: (C,) int64; true parts of each class.
    """

    labels: np.ndarray
    scores: np.ndarray
    hits: np.ndarray
    skippable: np.ndarray
    num_true: np.ndarray


@dataclass(frozen=True, eq=False)
class PartRegionAP:
    """AP^r of a set, as fractions.

    Attributes:
        per_class: (C - 1, T) average precision of classes 1 ... C - 1 at overlaps of 0.1, 0.2 ... 0.9; NaN where the
            protocol leaves it undefined.
        ap: (T,) mean over the classes.
    """

    per_class: np.ndarray
    ap: np.ndarray

    @property
    def ap_vol(self) -> float:
        """Mean AP^r over the thresholds."""
        return float(self.ap.mean())


def part_region_ap(
    predicted: Sequence[PeopleMaps],
    part_scores: Sequence[np.ndarray],
    truth: Sequence[PeopleMaps],
    num_classes: int,
    protocol: str | PartRegionProtocol = 'mmhparse',
) -> PartRegionAP:
    """AP^r of a set of images.

    A predicted part is a true positive at threshold t if its IoU with a true part of its class, of any person, is above
    t. Average precision is taken for each class over the whole set, then averaged over the classes. Defined in
    Hariharan et al., "Simultaneous Detection and Segmentation" (ECCV 2014), where a true part can be found once; the
    evaluators of Gong et al., "Instance-level Human Parsing via Part Grouping Network" (ECCV 2018), and later ones let
    several predictions find the same true part.

    Args:
        predicted: Predicted people, one record an image.
        part_scores: (P, C) floats an image; score of each part of each predicted person, NaN where it has none.
            Column 0 is not used.
        truth: True people in the same order of images; 255 = ignore.
        num_classes: C, with the background.
        protocol: Whose rules to follow: a name in ``PART_REGION_PROTOCOLS`` or the rules.

    Raises:
        ValueError: If lengths or sizes differ, a label is out of range, a score is infinite or a part with pixels has
            no score.
    """
    rules = get_protocol(protocol, PART_REGION_PROTOCOLS)
    images = per_image(predicted=predicted, part_scores=part_scores, truth=truth)
    hits = [find_parts(maps, own, true, num_classes, rules) for maps, own, true in images]
    return score_hits(hits, num_classes, rules)


def find_parts(
    predicted: PeopleMaps,
    part_scores: np.ndarray,
    truth: PeopleMaps,
    num_classes: int,
    protocol: str | PartRegionProtocol = 'mmhparse',
) -> PartHits:
    """Finds the true positives among the predicted parts of one image; see :func:`part_region_ap`."""
    rules = get_protocol(protocol, PART_REGION_PROTOCOLS)
    part_scores = np.asarray(part_scores, dtype=np.float64)
    if part_scores.shape != (predicted.num_people, num_classes):
        raise ValueError(
            f'expected scores of {predicted.num_people} predicted people and {num_classes} classes, '
            f'got {part_scores.shape}.'
        )
    _check_part_scores(part_scores)
    shared = shared_pixels(predicted, truth, num_classes)
    true_parts = shared.truth  # R
    rows, labels, scores = _listed_parts(shared.predicted, part_scores, rules.count_empty)  # (Q,) each

    # one more row without pixels, for the listed parts that have none: row -1
    counts = np.pad(shared.counts, ((0, 1), (0, 0)))[rows]  # (Q, R)
    areas = np.append(shared.predicted.areas, 0)[rows]  # (Q,)
    known, ignored = ~true_parts.ignored, counts[:, true_parts.ignored].sum(1)  # (R,), (Q,)
    visible = areas - ignored if rules.use_ignore else areas
    counts = counts[:, known] * (labels[:, None] == true_parts.labels[known])  # (Q, true parts)
    iou = counts / (visible[:, None] + true_parts.areas[known] - counts)
    best = iou.max(1, initial=0.0)  # (Q,)
    return PartHits(
        labels=labels,
        scores=scores,
        hits=_match_one_to_one(iou, rank(scores, rules.ties, best)) if rules.one_to_one else _match_freely(best),
        skippable=(ignored > 0.5 * areas) & rules.use_ignore,
        num_true=np.bincount(true_parts.labels[known], minlength=num_classes),
    )


def score_hits(
    images: Sequence[PartHits], num_classes: int, protocol: str | PartRegionProtocol = 'mmhparse'
) -> PartRegionAP:
    """AP^r from the hits of each image, in the order of the images.

    Without predictions it is 0 for each class that has true parts; without those the protocol decides.
    """
    rules = get_protocol(protocol, PART_REGION_PROTOCOLS)
    per_class = np.full((num_classes - 1, len(THRESHOLDS)), np.nan)
    if images:
        labels, scores, hits, skippable = (
            np.concatenate([getattr(image, name) for image in images])
            for name in ('labels', 'scores', 'hits', 'skippable')
        )
        num_true = np.sum([image.num_true for image in images], axis=0)  # (C,)
        order = rank(scores, rules.ties)  # (Q of all images,)
        for label in range(1, num_classes):
            of_class = order[labels[order] == label]
            if num_true[label] == 0 and len(of_class) == 0 and rules.absent == 'zero':
                per_class[label - 1] = 0.0
                continue
            for index in range(len(THRESHOLDS)):
                ranked = of_class[hits[of_class, index] | ~skippable[of_class]]
                ranked_scores = scores[ranked] if rules.ties == 'together' else None
                per_class[label - 1, index] = average_precision(hits[ranked, index], num_true[label], ranked_scores)
    defined = ~np.isnan(per_class) | rules.nan_spreads  # (C - 1, T)
    count = defined.sum(0)  # (T,)
    total = np.where(defined, per_class, 0.0).sum(0)  # (T,)
    return PartRegionAP(per_class, np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _check_part_scores(part_scores: np.ndarray) -> None:
    """Refuses infinite scores (P, C); NaN says that a person has no such part."""
    wrong = np.argwhere(np.isinf(part_scores[:, 1:]))
    if len(wrong):
        person, label = wrong[0] + 1
        value = show_score(float(part_scores[person - 1, label]))
        raise ValueError(f'the score of part {label} of predicted person {person} is {value}.')


def _listed_parts(
    parts: PartInstances, part_scores: np.ndarray, count_empty: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row in ``parts`` (-1 without pixels), label and score of each part that has a score, by person, then label."""
    unlisted = np.flatnonzero(np.isnan(part_scores[parts.persons - 1, parts.labels]))
    if len(unlisted):
        label, person = parts.labels[unlisted[0]], parts.persons[unlisted[0]]
        raise ValueError(f'part {label} of predicted person {person} has pixels but no score.')
    row_of = np.full(part_scores.shape, -1)  # (P, C)
    row_of[parts.persons - 1, parts.labels] = np.arange(len(parts))
    listed = ~np.isnan(part_scores) if count_empty else row_of >= 0  # (P, C)
    listed[:, 0] = False
    return row_of[listed], np.nonzero(listed)[1], part_scores[listed]


def _match_freely(best: np.ndarray) -> np.ndarray:
    """(Q, T) bool; whether the best overlap (Q,) of a prediction is above each threshold."""
    return best[:, None] > THRESHOLDS


def _match_one_to_one(iou: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(Q, T) bool; in ``order``, each prediction finds the true part, of those not found yet, that it overlaps most."""
    thresholds = np.asarray(THRESHOLDS)
    hits = np.zeros((len(iou), len(thresholds)), bool)  # (Q, T)
    found = np.zeros((iou.shape[1], len(thresholds)), bool)  # (R, T)
    for row in order[iou[order].max(1, initial=0.0) > thresholds[0]]:
        free = np.where(found, 0.0, iou[row][:, None])  # (R, T)
        best = free.argmax(0)  # (T,)
        hits[row] = free.max(0) > thresholds
        found[best[hits[row]], hits[row]] = True
    return hits
