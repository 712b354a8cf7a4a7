"""Pictures of every stage: fields, candidates, matches, people and maps.

Letters: H x W pixels of the picture, h x w cells of the stride grid, K joint types, L limbs, P people, Q links.
"""

from .draw_boxes import draw_boxes, draw_ids
from .draw_candidates import draw_candidates
from .draw_differences import DIFFERENCES, draw_differences
from .draw_errors import ERROR_COLOURS, draw_errors
from .draw_heatmaps import draw_heatmaps
from .draw_limb_fields import draw_limb_fields
from .draw_matches import draw_matches
from .draw_outlines import draw_outlines
from .draw_parts import draw_parts
from .draw_projection import draw_projection
from .draw_skeletons import draw_skeletons
from .draw_stages import draw_stages
from .human_parse_visualizer import DrawnPeople, HumanParseVisualizer
from .layout import add_joint_legend, add_legend, add_part_legend, in_grid, side_by_side
from .small_png import small_png

__all__ = [
    'DIFFERENCES',
    'DrawnPeople',
    'ERROR_COLOURS',
    'HumanParseVisualizer',
    'add_joint_legend',
    'add_legend',
    'add_part_legend',
    'draw_boxes',
    'draw_candidates',
    'draw_differences',
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
