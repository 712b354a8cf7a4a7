"""What travels between the stages."""

from .annotation import ParseAnnotation
from .candidates import JointCandidates
from .data_sample import HumanParseDataSample
from .fields import ParseFields, TargetFields
from .frame import ImageFrame
from .parsing import Parsing, empty_parts
from .part_sets import CIHP_19, DENSEPOSE_14, MHP_V2_58, PASCAL_PERSON_PART_6, get_part_set
from .parts import IGNORE, PartSet
from .people import boxes_round, make_people
from .pose_fields import PoseFields
from .skeleton import Skeleton
from .skeletons import CIHP_CENTRES_9, COCO_17, MHP_16, PPP_14, get_skeleton

__all__ = [
    'CIHP_19',
    'CIHP_CENTRES_9',
    'COCO_17',
    'DENSEPOSE_14',
    'HumanParseDataSample',
    'IGNORE',
    'ImageFrame',
    'JointCandidates',
    'MHP_16',
    'MHP_V2_58',
    'PASCAL_PERSON_PART_6',
    'PPP_14',
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
