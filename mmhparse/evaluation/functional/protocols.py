"""Protocols: where the evaluators of the field differ, and which rule each of them follows.

The defaults, named ``mmhparse``, do not depend on the order of images or predictions and leave ignored pixels out of
every score. The others reproduce an evaluator whose numbers are in print, for comparison.
"""

import math
from dataclasses import dataclass
from typing import Literal, TypeVar

from .average_precision import Ties


@dataclass(frozen=True)
class InstancePartProtocol:
    """Rules of AP^p and PCP.

    Attributes:
        count_people: Which true people count: 'labelled' those with a pixel of a part, 'nonzero' also those that have
            only ignored pixels, 'seen' those with an id that occurs in the map, if only on background, 'all' also those
            without any pixel.
        count_empty: Whether predicted people without any pixel count as predictions.
        skip_ignored: Whether a prediction that has more than half of its pixels on ignored ones is left out where it
            would be wrong (COCO's rule for crowds); otherwise it is a false positive.
        shared_ignore: Whether pixels that are ignored for everybody (person id 255, or label 255 of nobody) are left
            out of the comparison with each person; otherwise they are background.
        score_floor: Predictions with a lower score are dropped; NaN is not lower.
        ties: Which of two predictions with equal scores comes first; 'together' takes them as one step of the curve,
            and the one that overlaps more finds the person.
        allow_nan_scores: Whether predictions with a score of NaN rank last; otherwise they are an error.
    """

    count_people: Literal['labelled', 'nonzero', 'seen', 'all']
    count_empty: bool = True
    skip_ignored: bool = False
    shared_ignore: bool = True
    score_floor: float = -math.inf
    ties: Ties = 'listed_first'
    allow_nan_scores: bool = False


@dataclass(frozen=True)
class PartRegionProtocol:
    """Rules of AP^r.

    Attributes:
        one_to_one: Whether a true part is found once, by the best-scored prediction, so that duplicates are wrong;
            otherwise every prediction that overlaps a true part enough is right, and AP can exceed 1.
        use_ignore: Whether ignored pixels are left out of predicted areas, and predictions that have more than half of
            their pixels there are left out where they would be wrong; otherwise ignored pixels are background.
        absent: AP of a class without true parts: 'nan', or 'zero' if none was predicted either and NaN otherwise.
        nan_spreads: Whether one class with NaN makes the mean over classes NaN; otherwise it is left out.
        count_empty: Whether listed parts without pixels are false positives; otherwise they are dropped.
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
        absent: How a class without pixels counts: 'excluded' from the means, or as 'zero' in them.
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

ProtocolT = TypeVar('ProtocolT', InstancePartProtocol, PartRegionProtocol, SemanticPartProtocol)


def get_protocol(protocol: str | ProtocolT, known: dict[str, ProtocolT]) -> ProtocolT:
    """Looks a protocol up by name; rules pass through.

    Args:
        protocol: A name in ``known``, or rules of the same metric.
        known: The protocols of a metric, by name.

    Raises:
        ValueError: If the metric has no protocol of that name.
        TypeError: If it is neither a name nor rules of this metric.
    """
    if not isinstance(protocol, str):
        kind = type(next(iter(known.values())))
        if not isinstance(protocol, kind):
            raise TypeError(
                f'protocol: expected a name ({", ".join(sorted(known))}) or an object of {kind.__name__}, the rules of '
                f'this metric, got {protocol!r}.'
            )
        return protocol
    if protocol not in known:
        raise ValueError(f"There is no protocol '{protocol}'; choose one of {sorted(known)}.")
    return known[protocol]
