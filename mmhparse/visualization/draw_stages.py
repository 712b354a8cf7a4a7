"""One picture for each stage, from the fields of an image to its parsing."""

from typing import TYPE_CHECKING

import numpy as np
from mmengine.structures import InstanceData

from mmhparse.structures import ImageGeometry, ParseFields, Parsing

from .draw_candidates import draw_candidates
from .draw_heatmaps import draw_heatmaps
from .draw_limb_fields import draw_limb_fields
from .draw_matches import draw_matches
from .draw_outlines import draw_outlines
from .draw_parts import draw_parts
from .draw_projection import draw_projection
from .draw_skeletons import draw_skeletons
from .layout import add_joint_legend, add_part_legend

if TYPE_CHECKING:
    from mmhparse.codecs import DifferentiableGroupingCodec


def draw_stages(
    image: np.ndarray,
    fields: ParseFields,
    geometry: ImageGeometry,
    codec: 'DifferentiableGroupingCodec',
    people: InstanceData,
    parsing: Parsing,
) -> dict[str, np.ndarray]:
    """The pictures of all stages of one image by name, in order; (H, W, 3) uint8 RGB each, some with a legend.

    Args:
        image: (H, W, 3) uint8 RGB, the original image.
        fields: Its fields, with a batch of 1.
        geometry: Relates the image to the network input.
        codec: Groups the fields again, for the candidates and matches on the way.
        people: The people that the codec decoded, in pixels of the original image.
        parsing: Their part and person maps.
    """
    skeleton, part_set = codec.skeleton, codec.part_set
    fields = fields.detach().float().to('cpu')
    grouping = codec.group(fields.pose)
    # all links with a score above 0, coloured by their value in the plan
    worthwhile = grouping.problem.score > 0  # (E,)
    links, shares = grouping.problem.links[worthwhile], grouping.plan[worthwhile]  # (Q, 3) and (Q,)
    parts = draw_parts(image, parsing.part_map.numpy(), part_set)
    return {
        'image': image,
        'joint_heatmaps': add_joint_legend(draw_heatmaps(image, fields, geometry), skeleton),
        'limb_fields': draw_limb_fields(image, fields, geometry),
        'projection_field': draw_projection(image, fields, geometry, style='arrows'),
        'candidates': add_joint_legend(draw_candidates(image, grouping.candidates, geometry), skeleton),
        'matches': draw_matches(image, grouping.candidates, links, shares, skeleton, geometry),
        'people': draw_skeletons(
            image, people.get('keypoints').numpy(), people.get('keypoint_scores').numpy(), skeleton
        ),
        'parsing': add_part_legend(draw_outlines(parts, parsing.person_map.numpy()), part_set),
    }
