"""AP^p and PCP: how well whole people are found and divided into their parts."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from .average_precision import THRESHOLDS, average_precision, rank
from .input_checks import check_finite, per_image
from .part_overlaps import PartOverlaps, part_overlaps
from .people_maps import PeopleMaps
from .protocols import INSTANCE_PART_PROTOCOLS, InstancePartProtocol, get_protocol


@dataclass(frozen=True, eq=False)
class PersonClaims:
    """Which true person each of an image's P predictions claims: all that AP^p and PCP need of the image.

    Attributes:
        scores: (P,) float64; higher is more certain.
        claimed: (P,) int64; index of the true person with the highest overlap, the first of equals; 0 without any.
        overlap: (P,) float64; mean IoU with that person, 0 without any.
        right_parts: (P, T) int64; parts of the claimed person with IoU above each threshold.
        skippable: (P,) bool; predictions that are left out where they would be wrong.
        num_parts: (G,) int64; parts of each counted true person.
    """

    scores: np.ndarray
    claimed: np.ndarray
    overlap: np.ndarray
    right_parts: np.ndarray
    skippable: np.ndarray
    num_parts: np.ndarray


@dataclass(frozen=True, eq=False)
class InstancePartAP:
    """AP^p and PCP of a set, as fractions; NaN if it has no people.

    Attributes:
        ap: (T,) average precision at overlaps of 0.1, 0.2 ... 0.9.
        pcp: (T,) share of correctly parsed parts, averaged over all true people.
        num_people: True people that count.
        num_predictions: Predicted people that count.
    """

    ap: np.ndarray
    pcp: np.ndarray
    num_people: int
    num_predictions: int

    @property
    def ap_vol(self) -> float:
        """Mean AP^p over the thresholds."""
        return float(self.ap.mean())


def instance_part_ap(
    predicted: Sequence[PeopleMaps],
    scores: Sequence[np.ndarray],
    truth: Sequence[PeopleMaps],
    num_classes: int,
    protocol: str | InstancePartProtocol = 'mmhparse',
) -> InstancePartAP:
    """AP^p and PCP of a set of images.

    The overlap of a predicted and a true person is the mean IoU over the classes that either has, background included.
    Predictions are ranked over the whole set. Each claims the person of its image that it overlaps most; it is a true
    positive at threshold t if that overlap is above t and no better prediction has claimed the person at t. PCP at t is
    the mean over all true people of the share of their parts with IoU above t in the prediction that found them, and 0
    for people that none found. Defined in Li et al., "Multiple-Human Parsing in the Wild" (2017), and Zhao et al.,
    "Understanding Humans in Crowded Scenes" (ACM MM 2018).

    Args:
        predicted: Predicted people, one record an image.
        scores: (P,) floats an image, one a predicted person.
        truth: True people in the same order of images; 255 = ignore.
        num_classes: C, with the background.
        protocol: Whose rules to follow: a name in ``INSTANCE_PART_PROTOCOLS`` or the rules.

    Raises:
        ValueError: If lengths or sizes differ, a label is out of range or a score is infinite, or NaN where the
            protocol does not allow it.
    """
    rules = get_protocol(protocol, INSTANCE_PART_PROTOCOLS)
    images = per_image(predicted=predicted, scores=scores, truth=truth)
    claims = [claim_people(maps, own, true, num_classes, rules) for maps, own, true in images]
    return score_claims(claims, rules)


def claim_people(
    predicted: PeopleMaps,
    scores: np.ndarray,
    truth: PeopleMaps,
    num_classes: int,
    protocol: str | InstancePartProtocol = 'mmhparse',
) -> PersonClaims:
    """Finds which true person each prediction of one image claims; see :func:`instance_part_ap`."""
    rules = get_protocol(protocol, INSTANCE_PART_PROTOCOLS)
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (predicted.num_people,):
        raise ValueError(f'expected one score for each of {predicted.num_people} predicted people, got {scores.shape}.')
    check_finite(scores, rules.allow_nan_scores)
    truth = truth if rules.shared_ignore else truth.without_shared_ignore()
    overlaps = part_overlaps(predicted, truth, num_classes)

    kept = np.ones(len(scores), bool) if rules.count_empty else overlaps.predicted_areas > 0
    kept &= ~(scores < rules.score_floor)  # (P,)
    kept, counted = np.flatnonzero(kept), np.flatnonzero(_counted_people(truth, overlaps, rules))  # (P,), (G,)

    mean_iou = np.nan_to_num(overlaps.mean_iou()[np.ix_(kept, counted)])  # (P, G)
    claimed = mean_iou.argmax(1) if len(counted) else np.zeros(len(kept), np.int64)  # (P,)
    class_iou = np.zeros((len(kept), 0))
    if len(counted):
        class_iou = np.nan_to_num(overlaps.class_iou()[kept, counted[claimed], 1:])  # (P, C - 1)
    ignored = overlaps.predicted_ignored[kept] > 0.5 * overlaps.predicted_areas[kept]  # (P,)
    return PersonClaims(
        scores=scores[kept],
        claimed=claimed,
        overlap=mean_iou.max(1, initial=0.0),
        right_parts=(class_iou[..., None] > THRESHOLDS).sum(1),  # (P, C - 1, T) -> (P, T)
        skippable=ignored & rules.skip_ignored,
        num_parts=(overlaps.true_areas[counted, 1:] > 0).sum(1),
    )


def score_claims(claims: Sequence[PersonClaims], protocol: str | InstancePartProtocol = 'mmhparse') -> InstancePartAP:
    """AP^p and PCP from the claims of each image, in the order of the images.

    Without predictions both are 0; without people they are NaN.
    """
    rules = get_protocol(protocol, INSTANCE_PART_PROTOCOLS)
    if not claims:
        return InstancePartAP(np.full(len(THRESHOLDS), np.nan), np.full(len(THRESHOLDS), np.nan), 0, 0)
    pool = _pool(claims)
    num_people = len(pool.num_parts)
    ap, pcp = [], []
    for index, threshold in enumerate(THRESHOLDS):
        found = _find_people(pool, threshold, rules)
        ranked_scores = pool.scores[found.ranked] if rules.ties == 'together' else None
        ap.append(average_precision(found.right, num_people, ranked_scores))
        shares = pool.right_parts[found.finders, index] / np.maximum(pool.num_parts[found.people], 1)  # (F,)
        pcp.append(shares.sum() / num_people if num_people else np.nan)
    return InstancePartAP(np.array(ap), np.array(pcp), num_people, len(pool.scores))


def precision_recall(
    claims: Sequence[PersonClaims], threshold: float, protocol: str | InstancePartProtocol = 'mmhparse'
) -> tuple[np.ndarray, np.ndarray]:
    """The precision-recall curve of people at a threshold, before precisions are raised to its envelope.

    Args:
        claims: Of all images, at least one of them with a true person.
        threshold: Overlap above which a person is found.
        protocol: As in :func:`score_claims`.

    Returns:
        Precision (N,) and recall (N,) after each of the ranked predictions that count.
    """
    pool = _pool(claims)
    rules = get_protocol(protocol, INSTANCE_PART_PROTOCOLS)
    found = np.cumsum(_find_people(pool, threshold, rules).right)  # (N,)
    return found / np.arange(1, len(found) + 1), found / len(pool.num_parts)


@dataclass(frozen=True, eq=False)
class _FoundPeople:
    """The people that are found at one threshold.

    Attributes:
        ranked: (N,) int64; the predictions that count, best first.
        right: (N,) bool; whether each is a true positive.
        finders, people: (F,) int64 each; the true positives, and the true people that they found.
    """

    ranked: np.ndarray
    right: np.ndarray
    finders: np.ndarray
    people: np.ndarray


def _pool(claims: Sequence[PersonClaims]) -> PersonClaims:
    """The claims of all images in one record, with true people numbered through.

    Example:
        Claims [0, 1] of an image with 2 true people and [0] of the next one become [0, 1, 2].
    """
    first_person = np.cumsum([0] + [len(image.num_parts) for image in claims[:-1]])
    claimed = np.concatenate([first + image.claimed for first, image in zip(first_person, claims, strict=True)])
    others = [item.name for item in fields(PersonClaims) if item.name != 'claimed']
    columns = {name: np.concatenate([getattr(image, name) for image in claims]) for name in others}
    return PersonClaims(claimed=claimed, **columns)


def _find_people(pool: PersonClaims, threshold: float, rules: InstancePartProtocol) -> _FoundPeople:
    order = rank(pool.scores, rules.ties, pool.overlap)  # (P of all images,)
    finders, people = _first_claims(order[pool.overlap[order] > threshold], pool.claimed)  # (F,) each
    right = np.isin(order, finders)
    kept = right | ~pool.skippable[order]
    return _FoundPeople(order[kept], right[kept], finders, people)


def _first_claims(ranked: np.ndarray, claimed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(F,) each; the best-ranked prediction of each claimed person, and that person."""
    people, first = np.unique(claimed[ranked], return_index=True)
    return ranked[first], people


def _counted_people(truth: PeopleMaps, overlaps: PartOverlaps, rules: InstancePartProtocol) -> np.ndarray:
    """(G,) bool; the true people that the protocol counts."""
    labelled = overlaps.true_areas.sum(1) > 0  # (G,)
    match rules.count_people:
        case 'labelled':
            return labelled
        case 'nonzero':
            return labelled | (overlaps.true_ignored > 0)
        case 'seen':
            return truth.seen()
        case 'all':
            return np.ones(truth.num_people, bool)
    raise ValueError(f"count_people must be 'labelled', 'nonzero', 'seen' or 'all', got '{rules.count_people}'.")
