"""What travels between the stages, and the letters and words of the whole project.

Shapes are written in these letters everywhere:

    B      images of a batch
    H x W  pixels, of the network input or of the original image as said
    h x w  cells of a stride grid; h_l x w_l on level l of a pyramid, h' x w' for the part logits
    K      joint types of a skeleton
    L      limbs of a skeleton
    C      part classes, class 0 is the background
    P      people of an image
    N x M  candidates at the two ends of a limb
    Q      rows of a table: links, part instances
    S      places at which a map is read, scattered

Coordinates and vectors are (x, y) in pixels of the network input, with pixel centres at integers. Cell (i, j) of a grid
of stride s stands for x = (j + 0.5) s - 0.5, y = (i + 0.5) s - 0.5. :class:`ImageGeometry` alone relates the network
input to the original image.

In a person map, 0 is nobody and p + 1 is row p of the people; in person maps and part maps, 255 is to be ignored.

A *joint* is a body joint of some type, a *limb* a connection of two joint types along which joints are matched, and a
*part* a body part or garment. *Fields* are the dense maps that a network predicts, *candidates* the places where joints
may be, a *plan* says how much of each possible link is made, and a *score* is in [0, 1], high for good.
"""

from .annotation import ParseAnnotation
from .boxes import enclosing_boxes
from .candidates import JointCandidates
from .data_sample import HumanParseDataSample
from .fields import ParseFields, TargetFields
from .image_geometry import ImageGeometry
from .parsing import Parsing, PartTable, empty_parts
from .part_sets import ATR_18, CIHP_19, DENSEPOSE_14, IGNORE, MHP_V2_58, PASCAL_PERSON_PART_6, PartSet, get_part_set
from .people import LabelledPeople, People, make_people
from .pose_fields import PoseFields, PoseTargets
from .skeletons import CIHP_CENTRES_9, COCO_17, MHP_16, PPP_14, Skeleton, get_skeleton

__all__ = [
    'ATR_18',
    'CIHP_19',
    'CIHP_CENTRES_9',
    'COCO_17',
    'DENSEPOSE_14',
    'HumanParseDataSample',
    'IGNORE',
    'ImageGeometry',
    'JointCandidates',
    'LabelledPeople',
    'MHP_16',
    'MHP_V2_58',
    'PASCAL_PERSON_PART_6',
    'PPP_14',
    'ParseAnnotation',
    'ParseFields',
    'Parsing',
    'PartSet',
    'PartTable',
    'People',
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
