"""What travels between the stages."""

from .annotation import ParseAnnotation
from .candidates import JointCandidates
from .data_sample import HumanParseDataSample
from .fields import ParseFields, TargetFields
from .frame import ImageFrame
from .parsing import Parsing, empty_parts
from .parts import DENSEPOSE_14, IGNORE, PartSet, get_part_set
from .people import boxes_round, make_people
from .pose_fields import PoseFields
from .skeleton import COCO_17, Skeleton, get_skeleton

__all__ = [
    'COCO_17',
    'DENSEPOSE_14',
    'HumanParseDataSample',
    'IGNORE',
    'ImageFrame',
    'JointCandidates',
    'ParseAnnotation',
    'ParseFields',
    'Parsing',
    'PartSet',
    'PoseFields',
    'Skeleton',
    'TargetFields',
    'boxes_round',
    'empty_parts',
    'get_part_set',
    'get_skeleton',
    'make_people',
]
