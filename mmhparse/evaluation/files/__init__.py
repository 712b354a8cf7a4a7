"""Scores of predictions in files, of any method."""

from .cihp_files import CihpFiles
from .coco_files import CocoFiles
from .mhp_files import MhpFiles
from .mhp_results import read_mhp_results, write_mhp_results
from .plots import draw_class_bars, draw_confusion, draw_precision_recall
from .records import ImageFiles, PredictedImage, TrueImage
from .score_files import FileScores, ImageCounts, Protocols, count_image, score_files

__all__ = [
    'CihpFiles',
    'CocoFiles',
    'FileScores',
    'ImageCounts',
    'ImageFiles',
    'MhpFiles',
    'PredictedImage',
    'Protocols',
    'TrueImage',
    'count_image',
    'draw_class_bars',
    'draw_confusion',
    'draw_precision_recall',
    'read_mhp_results',
    'score_files',
    'write_mhp_results',
]
