"""Draws one picture for each stage of the flow, for a synthetic scene and a network that is always right."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmengine.structures import InstanceData

from mhparse.codecs import DifferentiableGroupingCodec
from mhparse.codecs.differentiable_grouping_codec import Grouping
from mhparse.structures import ImageFrame, ParseFields, Parsing
from mhparse.testing import synthetic_scene
from mhparse.visualization import (
    add_joint_legend,
    add_part_legend,
    draw_candidates,
    draw_heatmaps,
    draw_limb_fields,
    draw_matches,
    draw_outlines,
    draw_parts,
    draw_projection,
    draw_skeletons,
    small_png,
)

LARGEST_FILE = 150_000  # bytes


@dataclass(frozen=True, eq=False)
class Flow:
    """All stages of one image, from its fields to its parsing."""

    image: np.ndarray
    frame: ImageFrame
    codec: DifferentiableGroupingCodec
    fields: ParseFields
    grouping: Grouping
    people: InstanceData
    parsing: Parsing


def run_flow(seed: int, size: tuple[int, int], enlarge: int = 2) -> Flow:
    """Encodes and decodes a synthetic scene.

    Args:
        seed: Of the scene.
        size: (W, H) of the scene, which is the network input.
        enlarge: Pixels of the pictures for each pixel of the scene.
    """
    scene = synthetic_scene(seed, size)
    codec = DifferentiableGroupingCodec()
    fields = codec.encode(scene.annotation).as_prediction(len(codec.part_set))
    frame = ImageFrame((enlarge * size[0], enlarge * size[1]), size)
    image = cv2.resize(scene.image[..., ::-1], frame.image_size, interpolation=cv2.INTER_CUBIC)
    # its grain would take up most of each file
    image = cv2.bilateralFilter(image, d=7, sigmaColor=30, sigmaSpace=3)
    people, parsing = codec.decode(fields, frame)
    return Flow(image, frame, codec, fields, codec.group(fields), people, parsing)


def draw_flow(flow: Flow) -> dict[str, np.ndarray]:
    """The pictures of all stages by name, in order; (H, W, 3) uint8 RGB each."""
    image, fields, frame = flow.image, flow.fields, flow.frame
    skeleton, part_set = flow.codec.skeleton, flow.codec.part_set
    # all links that were worth considering; those that the plan chose stand out
    links = (flow.grouping.problem.masked_score > 0).nonzero()
    shares = flow.grouping.plan[tuple(links.T)]
    parts = draw_parts(image, flow.parsing.part_map.numpy(), part_set)
    return {
        'image': image,
        'joint_heatmaps': add_joint_legend(draw_heatmaps(image, fields, frame), skeleton),
        'limb_fields': draw_limb_fields(image, fields, frame),
        'projection_field': draw_projection(image, fields, frame, style='arrows'),
        'candidates': add_joint_legend(draw_candidates(image, flow.grouping.candidates, frame), skeleton),
        'matches': draw_matches(image, flow.grouping.candidates, links, shares, skeleton, frame),
        'people': draw_skeletons(image, flow.people.keypoints.numpy(), flow.people.keypoint_scores.numpy(), skeleton),
        'parsing': add_part_legend(draw_outlines(parts, flow.parsing.person_map.numpy()), part_set),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=42, help='seed of the scene')
    parser.add_argument('--size', type=int, nargs=2, default=(384, 288), metavar=('W', 'H'), help='size of the scene')
    parser.add_argument('--out-dir', default='docs/images', help='folder for the pictures')
    args = parser.parse_args()
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, picture) in enumerate(draw_flow(run_flow(args.seed, tuple(args.size))).items(), start=1):
        path = folder / f'{number:02d}_{name}.png'
        path.write_bytes(small_png(picture, LARGEST_FILE))
        print(path)


if __name__ == '__main__':
    main()
