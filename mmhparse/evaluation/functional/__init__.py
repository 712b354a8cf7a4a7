"""The scores of human parsing on plain arrays."""

from .average_precision import THRESHOLDS, average_precision, rank
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
from .semantic_part_scores import SemanticPartScores, part_confusion, semantic_part_scores
from .shared_pixels import PartInstances, SharedPixels, shared_pixels

__all__ = [
    'INSTANCE_PART_PROTOCOLS',
    'InstancePartAP',
    'InstancePartProtocol',
    'PART_REGION_PROTOCOLS',
    'PartHits',
    'PartInstances',
    'PartOverlaps',
    'PartRegionAP',
    'PartRegionProtocol',
    'PeopleMaps',
    'PersonClaims',
    'SEMANTIC_PART_PROTOCOLS',
    'SemanticPartProtocol',
    'SemanticPartScores',
    'SharedPixels',
    'THRESHOLDS',
    'average_precision',
    'claim_people',
    'find_parts',
    'get_protocol',
    'instance_part_ap',
    'part_confusion',
    'part_overlaps',
    'part_region_ap',
    'precision_recall',
    'rank',
    'score_claims',
    'score_hits',
    'semantic_part_scores',
    'shared_pixels',
]
