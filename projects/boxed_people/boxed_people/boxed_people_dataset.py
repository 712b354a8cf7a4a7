"""BoxedPeopleDataset: the parts of each person as boxes, in one JSON file."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mmhparse.datasets import HumanParseDataset
from mmhparse.registry import DATASETS
from mmhparse.structures import ParseAnnotation


@DATASETS.register_module()
class BoxedPeopleDataset(HumanParseDataset):
    """Images with ``{"photo.jpg": [{"head": [x1, y1, x2, y2], ...}, ...]}``, corners included, in pixels.

    Each part's box is filled with its label, those of later people over those of earlier ones. Joints are the centres
    of the boxes. A part that is not listed has no pixels, and its joint is unlabelled.

    Args:
        ann_file, data_root, **kwargs: As for :class:`mmhparse.datasets.HumanParseDataset`; ``data_prefix`` may name the
            folder of images as ``img_path``.
    """

    PARTS = ('head', 'body', 'legs')
    METAINFO = dict(
        dataset_name='boxed_people',
        part_set=dict(name='boxed_people', parts=['background', *PARTS]),
        skeleton=dict(name='boxed_people', joints=list(PARTS), limbs=[['head', 'body'], ['body', 'legs']]),
    )

    def load_data_list(self) -> list[dict]:
        """One small dict for each image."""
        images = json.loads(Path(self.ann_file).read_text())
        folder = Path(self.data_prefix.get('img_path') or self.data_root)
        return [
            dict(img_path=str(folder / name), img_id=number, num_people=len(people), people=people)
            for number, (name, people) in enumerate(images.items())
        ]

    def load_annotation(self, data_info: dict) -> ParseAnnotation:
        """The record of one image."""
        with Image.open(data_info['img_path']) as image:
            width, height = image.size
        people = data_info['people']
        part_map, person_map = np.zeros((height, width), np.uint8), np.zeros((height, width), np.int32)
        joints = np.zeros((len(people), len(self.PARTS), 3), np.float32)
        boxes = np.zeros((len(people), 4), np.float32)
        for row, parts in enumerate(people):
            corners = np.array(list(parts.values()), np.float32)  # (parts, 4)
            boxes[row] = [*corners[:, :2].min(0), *corners[:, 2:].max(0)]
            for name, (left, top, right, bottom) in parts.items():
                part = self.PARTS.index(name)
                area = slice(round(top), round(bottom) + 1), slice(round(left), round(right) + 1)
                part_map[area], person_map[area] = part + 1, row + 1
                joints[row, part] = (left + right) / 2, (top + bottom) / 2, 2
        return ParseAnnotation(part_map, person_map, joints, boxes)
