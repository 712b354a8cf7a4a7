"""The scores of human parsing on plain arrays.

Letters, the same in all of ``mmhparse.evaluation``:

====== ==========================================================================
H x W  pixels of an image
C      part classes; 0 = background
P, G   predicted and true people of an image
Q, R   predicted and true parts of an image
T      thresholds 0.1, 0.2 ... 0.9
N      predictions of the whole set, ranked; in :mod:`.runs` runs of pixels
B      images of the set
====== ==========================================================================
"""

from .average_precision import THRESHOLDS, average_precision, rank
from .input_checks import HIGHEST_SCORE, LOWEST_SCORE, check_finite, per_image, show_score
from .instance_part_ap import (
    InstancePartAP,
    PersonClaims,
    claim_people,
    instance_part_ap,
    precision_recall,
    score_claims,
)
from .part_overlaps import PartOverlaps, part_overlaps
from .part_region_ap import PartHits, PartRegionAP, find_parts, part_region_ap, score_hits
from .people_agreement import LEAST_IOU, PeopleAgreement, pair_by_iou, people_agreement
from .people_maps import PeopleMaps
from .protocols import (
    INSTANCE_PART_PROTOCOLS,
    PART_REGION_PROTOCOLS,
    SEMANTIC_PART_PROTOCOLS,
    InstancePartProtocol,
    PartRegionProtocol,
    SemanticPartProtocol,
    get_protocol,
)
from .runs import merge_runs
from .semantic_part_scores import SemanticPartScores, part_confusion, semantic_part_scores
from .shared_pixels import PartInstances, SharedPixels, shared_pixels

__all__ = [
    'HIGHEST_SCORE',
    'INSTANCE_PART_PROTOCOLS',
    'InstancePartAP',
    'InstancePartProtocol',
    'LEAST_IOU',
    'LOWEST_SCORE',
    'PART_REGION_PROTOCOLS',
    'PartHits',
    'PartInstances',
    'PartOverlaps',
    'PartRegionAP',
    'PartRegionProtocol',
    'PeopleAgreement',
    'PeopleMaps',
    'PersonClaims',
    'SEMANTIC_PART_PROTOCOLS',
    'SemanticPartProtocol',
    'SemanticPartScores',
    'SharedPixels',
    'THRESHOLDS',
    'average_precision',
    'check_finite',
    'claim_people',
    'find_parts',
    'get_protocol',
    'instance_part_ap',
    'merge_runs',
    'pair_by_iou',
    'part_confusion',
    'part_overlaps',
    'part_region_ap',
    'people_agreement',
    'per_image',
    'precision_recall',
    'rank',
    'score_claims',
    'score_hits',
    'semantic_part_scores',
    'shared_pixels',
    'show_score',
]
