"""Pictures of every stage: fields, candidates, matches, people and maps."""

from .boxes import draw_boxes, draw_ids
from .candidates import draw_candidates
from .errors import ERROR_COLOURS, draw_errors
from .heatmaps import draw_heatmaps
from .human_parse_visualizer import DrawnPeople, HumanParseVisualizer
from .layout import add_joint_legend, add_legend, add_part_legend, in_grid, side_by_side
from .limb_fields import draw_limb_fields
from .matches import draw_matches
from .outlines import draw_outlines
from .parts import draw_parts
from .projection import draw_projection
from .skeletons import draw_skeletons
from .small_png import small_png
from .stages import draw_stages

__all__ = [
    'DrawnPeople',
    'ERROR_COLOURS',
    'HumanParseVisualizer',
    'add_joint_legend',
    'add_legend',
    'add_part_legend',
    'draw_boxes',
    'draw_candidates',
    'draw_errors',
    'draw_heatmaps',
    'draw_ids',
    'draw_limb_fields',
    'draw_matches',
    'draw_outlines',
    'draw_parts',
    'draw_projection',
    'draw_skeletons',
    'draw_stages',
    'in_grid',
    'side_by_side',
    'small_png',
]
