"""Scores of predictions in files, of any method."""

from .cihp_files import CihpFiles
from .cihp_predictions import CihpPredictions
from .coco_files import CocoFiles
from .coco_predictions import CocoPredictions
from .inferencer_predictions import InferencerPredictions
from .mhp_files import MhpFiles
from .mhp_predictions import MhpPredictions
from .mhp_results import read_mhp_results, write_mhp_results
from .plots import draw_class_bars, draw_confusion, draw_precision_recall
from .records import ImageFiles, PredictedImage, PredictionFiles, TrueImage
from .score_files import FileScores, ImageCounts, Protocols, count_image, score_files

__all__ = [
    'CihpFiles',
    'CihpPredictions',
    'CocoFiles',
    'CocoPredictions',
    'FileScores',
    'ImageCounts',
    'ImageFiles',
    'InferencerPredictions',
    'MhpFiles',
    'MhpPredictions',
    'PredictedImage',
    'PredictionFiles',
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
