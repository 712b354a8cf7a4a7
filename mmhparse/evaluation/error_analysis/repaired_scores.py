"""What correcting each kind of error would add: AP^p, scored again with those errors replaced by the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhparse.evaluation.functional import PeopleMaps, PersonClaims, claim_people, per_image, score_claims

from .find_errors import ERROR_KINDS, ErrorKind, ImageErrors, find_errors


@dataclass(frozen=True, eq=False)
class RepairedClaims:
    """The claims of one image's predictions before and after corrections: all that the analysis needs of the image.

    Attributes:
        before: Of the prediction without corrections.
        alone: Five, each with one kind of ``ERROR_KINDS`` corrected.
        in_turn: Five, each with one kind and all kinds before it corrected.
        counts: (5,) int64; people or pixels of each kind.
    """

    before: PersonClaims
    alone: tuple[PersonClaims, ...]
    in_turn: tuple[PersonClaims, ...]
    counts: np.ndarray

    def lost_people(self) -> float:
        """True people of the image times 1 - AP^p_vol of the image alone; 0 without people."""
        people = len(self.before.num_parts)
        return people * (1 - score_claims([self.before]).ap_vol) if people else 0.0


@dataclass(frozen=True, eq=False)
class ErrorAnalysis:
    """What each kind of error costs a set, in the order of ``ERROR_KINDS``.

    Attributes:
        ap: (T,) AP^p without corrections, at overlaps of 0.1, 0.2 ... 0.9. NaN, like all others, without people.
        ap_alone: (5, T) AP^p with one kind corrected.
        ap_in_turn: (5, T) AP^p with one kind and all before it corrected.
        counts: (5,) int64; people or pixels of each kind.
        num_people: True people that count.
    """

    ap: np.ndarray
    ap_alone: np.ndarray
    ap_in_turn: np.ndarray
    counts: np.ndarray
    num_people: int

    @property
    def lost(self) -> np.ndarray:
        """(T,) 1 - AP^p."""
        return 1 - self.ap

    @property
    def gain_alone(self) -> np.ndarray:
        """(5, T) what correcting one kind alone adds to AP^p. The sum over kinds has no meaning."""
        return self.ap_alone - self.ap

    @property
    def gain_in_turn(self) -> np.ndarray:
        """(5, T) what each correction adds after those before it. The sum over kinds is what was lost."""
        return np.diff(self.ap_in_turn, axis=0, prepend=self.ap[None])


def analyze_errors(
    predicted: Sequence[PeopleMaps],
    scores: Sequence[np.ndarray],
    truth: Sequence[PeopleMaps],
    num_classes: int,
    band: float = 0.005,
) -> ErrorAnalysis:
    """Measures how much of the AP^p that a set loses is due to each kind of error.

    The kinds are those of :func:`find_errors`; AP^p follows the rules of the protocol 'mmhparse', under which a
    prediction with all corrections scores 1. The idea of scoring again after a correction is that of Hoiem et al.,
    "Diagnosing Error in Object Detectors" (ECCV 2012).

    Args:
        predicted: Predicted people, one record an image.
        scores: (P,) floats an image, one a predicted person.
        truth: True people in the same order of images; 255 = ignore.
        num_classes: C, with the background.
        band: Largest displacement of a border, as a fraction of the image's diagonal; at least one pixel.

    Raises:
        ValueError: If lengths or sizes differ, a label is out of range or a score is NaN or infinite.
    """
    images = per_image(predicted=predicted, scores=scores, truth=truth)
    return score_repaired([claim_repaired(maps, own, true, num_classes, band)[0] for maps, own, true in images])


def claim_repaired(
    predicted: PeopleMaps, scores: np.ndarray, truth: PeopleMaps, num_classes: int, band: float = 0.005
) -> tuple[RepairedClaims, ImageErrors]:
    """The claims of one image with and without corrections, and its errors; see :func:`analyze_errors`."""
    before = claim_people(predicted, scores, truth, num_classes)
    errors = find_errors(predicted, truth, max(1, round(band * float(np.hypot(*truth.size)))))

    def claims(*kinds: ErrorKind) -> PersonClaims:
        return claim_people(*errors.repaired(kinds, scores), truth, num_classes)

    alone = tuple(claims(kind) for kind in ERROR_KINDS)
    later = tuple(claims(*ERROR_KINDS[: index + 1]) for index in range(1, len(ERROR_KINDS)))
    return RepairedClaims(before, alone, (alone[0], *later), errors.counts()), errors


def score_repaired(images: Sequence[RepairedClaims]) -> ErrorAnalysis:
    """The analysis of a set from the claims of its images; its values are NaN if no image has a true person."""
    before = score_claims([image.before for image in images])
    kinds = range(len(ERROR_KINDS))
    return ErrorAnalysis(
        ap=before.ap,
        ap_alone=np.array([score_claims([image.alone[kind] for image in images]).ap for kind in kinds]),
        ap_in_turn=np.array([score_claims([image.in_turn[kind] for image in images]).ap for kind in kinds]),
        counts=np.sum([image.counts for image in images], axis=0) if images else np.zeros(len(ERROR_KINDS), np.int64),
        num_people=before.num_people,
    )
