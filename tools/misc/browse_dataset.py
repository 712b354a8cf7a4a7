"""Draws what the network will see: samples as they are stored, as the pipeline moves them, and as target fields."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import cv2
import mmcv
import numpy as np
from mmcv.transforms import Compose

from mmhparse.commands import (
    add_config_options,
    add_split_option,
    at_least,
    build_dataset,
    check_output_folder,
    load_config,
    plain_usage_errors,
)
from mmhparse.datasets import HumanParseDataset, LoadImage, PackHumanParseInputs
from mmhparse.structures import HumanParseDataSample, ImageGeometry
from mmhparse.utils import CommandParser, UsageError, progress_bar
from mmhparse.visualization import (
    DrawnPeople,
    add_joint_legend,
    add_part_legend,
    draw_boxes,
    draw_heatmaps,
    draw_ids,
    draw_limb_fields,
    draw_outlines,
    draw_parts,
    draw_projection,
    draw_skeletons,
    in_grid,
)

Stage = Literal['original', 'transformed', 'fields']
LEAST_SIDE = 480
"""Images whose longer side has fewer pixels are enlarged by a whole factor."""


def draw_truth(image: np.ndarray, sample: HumanParseDataSample, dataset: HumanParseDataset) -> np.ndarray:
    """The image, its parts, its people and their joints.

    Args:
        image: (H, W, 3) uint8 RGB, of the size of the maps.
        sample: Holds ``gt_people`` and ``gt_parsing``.
        dataset: Names parts and joints.
    """
    factor = enlargement(image)
    image = enlarged(image, factor)
    people = DrawnPeople.truth_of(sample).enlarged(factor)
    boxes = draw_boxes(draw_outlines(image, people.person_map), people.boxes)
    panels = {
        'image': image,
        'part map': draw_parts(image, people.part_map, dataset.part_set),
        'person map and boxes': draw_ids(boxes, people.extents()),
        'joints': draw_skeletons(image, people.keypoints, people.keypoint_scores, dataset.skeleton),
    }
    return add_part_legend(in_grid(list(panels.values()), list(panels), columns=2), dataset.part_set)


def draw_targets(image: np.ndarray, sample: HumanParseDataSample, dataset: HumanParseDataset) -> np.ndarray:
    """The target fields over the network input.

    Args:
        image: (H, W, 3) uint8 RGB; the network input.
        sample: Holds ``gt_fields``.
        dataset: Names parts and joints.
    """
    targets = sample.gt_fields
    factor = enlargement(image)
    height, width = image.shape[:2]
    geometry = ImageGeometry((factor * width, factor * height), (width, height))
    image = enlarged(image, factor)
    fields = targets.as_prediction(len(dataset.part_set))
    counts = targets.joint_weight[0].numpy().repeat(factor * targets.stride, 0).repeat(factor * targets.stride, 1)
    counts = counts[: image.shape[0], : image.shape[1], None]
    panels = {
        'joint heatmaps': draw_heatmaps(image, fields, geometry),
        'limb fields': draw_limb_fields(image, fields, geometry),
        'projection field': draw_projection(image, fields, geometry, style='arrows'),
        'where people count': np.rint(image * (0.25 + 0.75 * counts)).astype(np.uint8),
    }
    return add_joint_legend(in_grid(list(panels.values()), list(panels), columns=2), dataset.skeleton)


def enlargement(image: np.ndarray) -> int:
    return max(1, -(-LEAST_SIDE // max(image.shape[:2])))


def enlarged(image: np.ndarray, factor: int) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC) if factor > 1 else image


def draw_stages(dataset: HumanParseDataset, index: int, stages: list[Stage]) -> dict[Stage, np.ndarray]:
    """The pictures of one sample; (H, W, 3) uint8 RGB each.

    Raises:
        UsageError: If fields are asked for and the pipeline generates none.
    """
    pictures = {}
    if 'original' in stages:
        image, sample = _packed(dataset, index, Compose([LoadImage(), PackHumanParseInputs()]))
        pictures['original'] = draw_truth(image, sample, dataset)
    if 'transformed' in stages or 'fields' in stages:
        image, sample = _packed(dataset, index, dataset.pipeline)
    if 'transformed' in stages:
        # an evaluation pipeline resizes the image alone
        height, width = sample.gt_parsing.shape
        fitting = cv2.resize(image, (width, height)) if image.shape[:2] != (height, width) else image
        pictures['transformed'] = draw_truth(fitting, sample, dataset)
    if 'fields' in stages:
        if 'gt_fields' not in sample:
            raise UsageError(
                'the pipeline of this split generates no fields: leave the stage out, or use --split train.'
            )
        pictures['fields'] = draw_targets(image, sample, dataset)
    return pictures


def _packed(
    dataset: HumanParseDataset, index: int, pipeline: Callable[[dict], dict]
) -> tuple[np.ndarray, HumanParseDataSample]:
    """Image (H, W, 3) uint8 RGB and truth of a sample after a pipeline that packs."""
    packed = dataset.prepare_with(index, pipeline)
    image = np.ascontiguousarray(packed['inputs'].numpy().transpose(1, 2, 0)[..., ::-1])
    return image, packed['data_samples']


def name_of(dataset: HumanParseDataset, index: int) -> str:
    """A file name, without extension, that tells samples apart."""
    stem = re.sub(r'\W+', '_', Path(dataset.describe(dataset.get_data_info(index))).stem)
    return f'{index:05}_{stem}'


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__)
    parser.add_argument('config', help='config file')
    add_split_option(parser)
    parser.add_argument(
        '--num', type=at_least(1), default=20, help='number of samples, spread over the data set; default: 20'
    )
    parser.add_argument('--out-dir', default='work_dirs/browse', help='folder for the pictures')
    parser.add_argument(
        '--stage', nargs='+', choices=get_args(Stage), default=['original', 'transformed', 'fields'],
        help='what to draw; default: all three',
    )  # fmt: skip
    parser.add_argument('--seed', type=at_least(0), default=0, help='seed of the random transforms')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        check_output_folder('--out-dir', args.out_dir)
        dataset = build_dataset(load_config(args.config, args.cfg_options), args.split)
        np.random.seed(args.seed)
        indices = np.unique(np.linspace(0, len(dataset) - 1, args.num).astype(int)).tolist()
        bar = progress_bar(len(indices), 'drawing')
        for index in indices:
            for stage, picture in draw_stages(dataset, index, args.stage).items():
                mmcv.imwrite(picture[..., ::-1], str(Path(args.out_dir) / f'{name_of(dataset, index)}_{stage}.png'))
            bar.update()
        bar.close()
    print(f'{len(indices)} of {len(dataset)} samples: {args.out_dir}')


if __name__ == '__main__':
    main()
