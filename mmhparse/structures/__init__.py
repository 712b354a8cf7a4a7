"""What travels between the stages."""

from .annotation import ParseAnnotation
from .boxes import enclosing_boxes
from .candidates import JointCandidates
from .data_sample import HumanParseDataSample
from .fields import ParseFields, TargetFields
from .image_geometry import ImageGeometry
from .parsing import Parsing, empty_parts
from .part_sets import CIHP_19, DENSEPOSE_14, IGNORE, MHP_V2_58, PASCAL_PERSON_PART_6, PartSet, get_part_set
from .people import make_people
from .pose_fields import PoseFields, PoseTargets
from .skeletons import CIHP_CENTRES_9, COCO_17, MHP_16, PPP_14, Skeleton, get_skeleton

__all__ = [
    'CIHP_19',
    'CIHP_CENTRES_9',
    'COCO_17',
    'DENSEPOSE_14',
    'HumanParseDataSample',
    'IGNORE',
    'ImageGeometry',
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
    'PoseTargets',
    'Skeleton',
    'TargetFields',
    'empty_parts',
    'enclosing_boxes',
    'get_part_set',
    'get_skeleton',
    'make_people',
]
