"""Scores of predictions that lie in files, whichever method made them."""

from .cihp_files import CihpFiles
from .coco_files import CocoFiles
from .mhp_files import MhpFiles
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
    'score_files',
]
