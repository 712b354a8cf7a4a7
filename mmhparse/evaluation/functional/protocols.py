"""Protocols: where the evaluators of the field differ, and which rule each of them follows.

The defaults, named ``mmhparse``, do not depend on the order of images or predictions and leave ignored pixels out of
every score. The others reproduce an evaluator whose numbers are in print, for comparison.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

from .average_precision import Ties


@dataclass(frozen=True)
class InstancePartProtocol:
    """Rules of AP^p and PCP.

    Attributes:
        count_people: Which true people count: 'labelled' those with a pixel of a part, 'nonzero' also those that have
            only ignored pixels, 'seen' those whose id occurs in the map, be it on background, 'all' also those without
            any pixel.
        count_empty: Whether predicted people without any pixel count as predictions.
        skip_ignored: Whether a prediction that has more than half of its pixels on ignored ones is left out where it
            would be wrong (COCO's rule for crowds); else it is a false positive.
        shared_ignore: Whether pixels that are ignored for everybody (person id 255, or label 255 of nobody) are left
            out of the comparison with each person; else they are background.
        score_floor: Predictions with a lower score are dropped.
        ties: Which of two predictions with equal scores comes first; 'together' takes them as one step of the curve,
            and the one that overlaps more finds the person.
        allow_nan_scores: Whether predictions whose score is NaN rank last; else they raise.
    """

    count_people: Literal['labelled', 'nonzero', 'seen', 'all']
    count_empty: bool = True
    skip_ignored: bool = False
    shared_ignore: bool = True
    score_floor: float | None = None
    ties: Ties = 'listed_first'
    allow_nan_scores: bool = False


@dataclass(frozen=True)
class PartRegionProtocol:
    """Rules of AP^r.

    Attributes:
        one_to_one: Whether a true part is found once, by the best-scored prediction, so that duplicates are wrong;
            else every prediction that overlaps a true part enough is right, and AP can exceed 1.
        use_ignore: Whether ignored pixels are left out of predicted areas, and predictions that have more than half of
            their pixels there are left out where they would be wrong; else ignored pixels are background.
        absent: AP of a class without true parts: 'nan' always, 'zero' where none was predicted either and NaN else.
        nan_spreads: Whether one class with NaN makes the mean over classes NaN; else it is left out.
        count_empty: Whether listed parts without pixels are false positives; else they are dropped.
        ties: Which of two predictions with equal scores comes first; 'together' takes them as one step of the curve,
            and the one that overlaps more finds the part.
    """

    one_to_one: bool = False
    use_ignore: bool = False
    absent: Literal['nan', 'zero'] = 'zero'
    nan_spreads: bool = False
    count_empty: bool = False
    ties: Ties = 'listed_last'


@dataclass(frozen=True)
class SemanticPartProtocol:
    """Rules of mIoU and mean accuracy.

    Attributes:
        absent: What a class without pixels gives: 'excluded' from the means, or 'zero'.
        epsilon: Added to each denominator.
    """

    absent: Literal['excluded', 'zero'] = 'excluded'
    epsilon: float = 0.0


INSTANCE_PART_PROTOCOLS = {
    'mmhparse': InstancePartProtocol('labelled', count_empty=False, skip_ignored=True, ties='together'),
    'mhp_v1': InstancePartProtocol('labelled'),
    'mhp_v2': InstancePartProtocol('nonzero'),
    'parsing_rcnn': InstancePartProtocol('all', score_floor=0.001, allow_nan_scores=True),
    'm2fp': InstancePartProtocol('seen', shared_ignore=False, score_floor=0.01, allow_nan_scores=True),
}

PART_REGION_PROTOCOLS = {
    'mmhparse': PartRegionProtocol(one_to_one=True, use_ignore=True, absent='nan', ties='together'),
    'pgn': PartRegionProtocol(nan_spreads=True),
    'mg': PartRegionProtocol(),
    'm2fp': PartRegionProtocol(count_empty=True),
}

SEMANTIC_PART_PROTOCOLS = {
    'mmhparse': SemanticPartProtocol(),
    'parsing_rcnn': SemanticPartProtocol(),
    'mg_global': SemanticPartProtocol(),
    'm2fp': SemanticPartProtocol(absent='zero', epsilon=1e-10),
    'schp': SemanticPartProtocol(absent='zero'),
    'mg': SemanticPartProtocol(absent='zero'),
}

Protocol = TypeVar('Protocol', InstancePartProtocol, PartRegionProtocol, SemanticPartProtocol)


def get_protocol(protocol: str | Protocol, known: dict[str, Protocol]) -> Protocol:
    """Returns the protocol of that name, or the one given.

    Raises:
        ValueError: If no protocol has that name.
    """
    if not isinstance(protocol, str):
        return protocol
    if protocol not in known:
        raise ValueError(f"There is no protocol '{protocol}'; choose one of {sorted(known)}.")
    return known[protocol]
