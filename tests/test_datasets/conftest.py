"""A miniature COCO release, written as COCO ships it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

JOINTS = 17
SIZE = 60, 80  # height, width


def standing(x: float, top: float, height: float) -> list[float]:
    """The 51 numbers of a person who stands upright, seen from the front, all joints visible."""
    across = {0: 0, 1: 0.03, 2: -0.03, 3: 0.06, 4: -0.06, 5: 0.12, 7: 0.15, 9: 0.16, 11: 0.08, 13: 0.08, 15: 0.08}
    across |= {right + 1: -across[right] for right in range(5, 16, 2)}
    down = {0: 0.1, 1: 0.08, 2: 0.08, 3: 0.09, 4: 0.09} | dict.fromkeys((5, 6), 0.22)
    down |= {7: 0.37, 8: 0.37, 9: 0.5, 10: 0.5, 11: 0.5, 12: 0.5, 13: 0.72, 14: 0.72, 15: 0.93, 16: 0.93}
    return [value for joint in range(JOINTS) for value in (x + across[joint] * height, top + down[joint] * height, 2)]


def rectangle(x0: int, y0: int, x1: int, y1: int) -> list[float]:
    """The polygon round the pixels x0 ... x1 - 1, y0 ... y1 - 1."""
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def rows_as_runs(first: int, beyond: int) -> dict:
    """The uncompressed run-length code, column by column, of the rows first ... beyond - 1."""
    height, width = SIZE
    runs = [first, *(width - 1) * [beyond - first, height - beyond + first], beyond - first, height - beyond]
    return {'size': list(SIZE), 'counts': runs}


def person(identity: int, image: int, segmentation, keypoints=None, **changes) -> dict:
    keypoints = keypoints or [0] * 3 * JOINTS
    record = dict(id=identity, image_id=image, category_id=1, iscrowd=0, segmentation=segmentation, keypoints=keypoints)
    return record | dict(num_keypoints=sum(v > 0 for v in keypoints[2::3]), bbox=[0, 0, 10, 10], area=1.0) | changes


def release() -> dict:
    """Image 7 holds every kind of annotation, image 9 one person in two polygons, image 11 nobody."""
    people = [
        person(1, 7, [rectangle(5, 5, 30, 55)], standing(17, 5, 50)),
        # smaller than person 1 and partly over it
        person(2, 7, [rectangle(24, 20, 40, 50)], standing(32, 20, 30)),
        # no joints
        person(3, 7, [rectangle(44, 10, 50, 30)]),
        # a crowd below persons 1 and 3
        person(4, 7, rows_as_runs(0, 12), iscrowd=1),
        # joints, but a mask without pixels: its box stands for it
        person(5, 7, [[1, 1, 2, 2]], standing(66, 20, 30), bbox=[60, 20, 10, 30]),
        person(6, 9, [rectangle(10, 4, 30, 20), rectangle(10, 30, 30, 56)], standing(20, 4, 52)),
        # not a person
        dict(person(7, 9, [rectangle(50, 0, 60, 10)]), category_id=3),
    ]
    images = [dict(id=number, file_name=f'{number:012}.png', height=60, width=80) for number in (7, 9, 11)]
    return dict(images=images, annotations=people, categories=[dict(id=3, name='car'), dict(id=1, name='person')])


class Release:
    """The release on disk, and how to open it."""

    def __init__(self, root: Path):
        self.root = root
        (root / 'images').mkdir()
        self.content = release()
        generator = np.random.default_rng(0)
        for image in self.content['images']:
            pixels = generator.integers(0, 256, (image['height'], image['width'], 3), np.uint8)
            cv2.imwrite(str(root / 'images' / image['file_name']), pixels)
        self.write()

    def write(self) -> None:
        (self.root / 'people.json').write_text(json.dumps(self.content))

    @property
    def options(self) -> dict:
        return dict(ann_file='people.json', data_root=str(self.root))


@pytest.fixture
def coco_release(tmp_path) -> Release:
    return Release(tmp_path)
