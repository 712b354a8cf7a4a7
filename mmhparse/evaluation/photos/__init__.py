"""Scores of parsers on photos whose people have joints and masks by people, and no part labels."""

from .annotated_photos import AnnotatedPerson, AnnotatedPhoto, ParsedPhoto, read_annotated_photos
from .judged_photo import JudgedPhoto, judge_photo
from .part_points import PartPoint, part_points
from .people_precision import Precision, joint_precision, mask_precision
from .photo_scores import PhotoScores, PointScores, score_photos, score_points

__all__ = [
    'AnnotatedPerson',
    'AnnotatedPhoto',
    'JudgedPhoto',
    'ParsedPhoto',
    'PartPoint',
    'PhotoScores',
    'PointScores',
    'Precision',
    'joint_precision',
    'judge_photo',
    'mask_precision',
    'part_points',
    'read_annotated_photos',
    'score_photos',
    'score_points',
]
