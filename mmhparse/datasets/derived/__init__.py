"""Labels made from other labels: parts from joints and masks, joints from parts, whole maps from people."""

from .body_segments import BodySegments, Segment, body_segments
from .garments import ATR_OF_CCP, CCP_CLASSES, garment_map
from .joints_from_parts import CIHP_CENTRES, PartCentres, joints_from_parts
from .part_instances import part_instance_map
from .person_layers import PersonLayer, flatten_layers, person_boxes
from .pseudo_parts import nearest_parts, pseudo_part_map, segment_distances
from .taught_labels import TaughtPerson, View, settle_limbs, taught_maps

__all__ = [
    'ATR_OF_CCP',
    'BodySegments',
    'CCP_CLASSES',
    'CIHP_CENTRES',
    'PartCentres',
    'PersonLayer',
    'Segment',
    'TaughtPerson',
    'View',
    'body_segments',
    'flatten_layers',
    'garment_map',
    'joints_from_parts',
    'nearest_parts',
    'part_instance_map',
    'person_boxes',
    'pseudo_part_map',
    'segment_distances',
    'settle_limbs',
    'taught_maps',
]
