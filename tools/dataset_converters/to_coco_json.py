"""Writes a data set as images and one JSON of COCO's format, with people, joints and the parts of each person."""

import argparse
import json
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from mhparse.datasets import HumanParseDataset
from mhparse.datasets.exporting import export, image_file
from mhparse.engine import load_config, progress_bar
from mhparse.engine.command_line import add_config_options, plain_usage_errors
from mhparse.engine.dataset_setup import add_split_option, build_dataset
from mhparse.engine.whole_files import write_whole
from mhparse.structures import IGNORE, ParseAnnotation

PERSON = 1
"""Id of the category ``person``; part class c has the category c + 1."""


class CocoJson:
    """Images in a folder, and the JSON that describes them.

    One annotation a person, in the category ``person``, with ``bbox``, ``keypoints`` and ``segmentation``; one
    annotation for each part of each person, in the part's category, with ``person_id``, the id of the person's
    annotation. What is ignored for people is one crowd an image.

    Args:
        root: Folder of the JSON and of ``images/``; made where needed.
        dataset: Names parts and joints.
    """

    def __init__(self, root: Path, dataset: HumanParseDataset):
        self.root = root
        self.dataset = dataset
        self.images: list[dict] = []
        self.annotations: list[dict] = []

    def write(self, name: str, sample: dict) -> None:
        """Writes the image, and notes what is in it."""
        annotation: ParseAnnotation = sample['annotation']
        suffix, content = image_file(sample)
        write_whole(self.root / 'images' / f'{name}{suffix}', content)
        width, height = annotation.size
        image_id = len(self.images) + 1
        self.images.append({'id': image_id, 'file_name': f'{name}{suffix}', 'width': width, 'height': height})
        for person in range(len(annotation)):
            mask = annotation.person_map == person + 1
            record = self._add(image_id, PERSON, mask, iscrowd=0, **_joints(annotation.joints[person]))
            record['bbox'] = _as_bbox(annotation.boxes[person])
            for part in np.unique(annotation.part_map[mask]).tolist():
                if part not in (0, IGNORE):
                    own = mask & (annotation.part_map == part)
                    self._add(image_id, part + 1, own, iscrowd=0, person_id=record['id'])
        crowd = annotation.person_map == IGNORE
        if crowd.any():
            self._add(image_id, PERSON, crowd, iscrowd=1, **_joints(np.zeros((len(self.dataset.skeleton), 3))))

    def write_json(self, file_name: str) -> None:
        """Writes the JSON of all images that were written."""
        skeleton = self.dataset.skeleton
        person = {
            'id': PERSON,
            'name': 'person',
            'supercategory': 'person',
            'keypoints': list(skeleton.joints),
            'skeleton': [[first + 1, second + 1] for first, second in skeleton.limbs],
        }
        parts = [
            {'id': number + 1, 'name': name, 'supercategory': 'part'}
            for number, name in enumerate(self.dataset.part_set.parts)
            if number
        ]
        content = {'images': self.images, 'annotations': self.annotations, 'categories': [person, *parts]}
        write_whole(self.root / file_name, json.dumps(content).encode())

    def _add(self, image_id: int, category: int, mask: np.ndarray, **more) -> dict:
        """Appends an annotation of the pixels of a mask."""
        code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
        record = {
            'id': len(self.annotations) + 1,
            'image_id': image_id,
            'category_id': category,
            'segmentation': {'size': list(code['size']), 'counts': code['counts'].decode()},
            'bbox': coco_mask.toBbox(code).tolist(),
            'area': int(coco_mask.area(code)),
            **more,
        }
        self.annotations.append(record)
        return record


def _joints(joints: np.ndarray) -> dict:
    """COCO's keys of a person's joints (K, 3)."""
    return {'keypoints': joints.ravel().tolist(), 'num_keypoints': int((joints[:, 2] > 0).sum())}


def _as_bbox(box: np.ndarray) -> list[float]:
    """x, y, width, height of a box x1, y1, x2, y2 of outermost pixels."""
    x1, y1, x2, y2 = box.tolist()
    return [x1, y1, x2 - x1 + 1, y2 - y1 + 1]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the data set to read')
    parser.add_argument('--out-dir', required=True, help='folder to write into; made where needed')
    add_split_option(parser)
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        dataset = build_dataset(load_config(args.config, args.cfg_options), args.split, filter_cfg=None)
    release = CocoJson(Path(args.out_dir), dataset)
    bar = progress_bar(len(dataset), 'writing')
    problems = export(dataset, release.write, bar.update)
    bar.close()
    release.write_json(f'{args.split}.json')
    print(f'{len(release.images)} images: {args.out_dir}, {args.split}.json')
    if problems:
        raise SystemExit('\n'.join([f'{len(problems)} images were left out:', *problems]))


if __name__ == '__main__':
    main()
