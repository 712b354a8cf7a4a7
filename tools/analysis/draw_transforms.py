"""Draws what each transform does to a drawn scene and its people, as one picture."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmhparse.datasets import (
    CopyPastePeople,
    CropAroundPeople,
    PhotometricDistortPeople,
    RandomAffinePeople,
    RandomFlipPeople,
    ResizePeople,
    SyntheticPeopleDataset,
)
from mmhparse.utils import CommandParser
from mmhparse.utils.atomic_files import write_atomic
from mmhparse.visualization import draw_outlines, draw_parts, draw_skeletons, in_grid, small_png

LARGEST_FILE = 190_000  # bytes
SIZE = (360, 270)


def examples() -> dict[str, list[BaseTransform]]:
    """What is shown, by title."""
    view = RandomAffinePeople(SIZE, scale=(1.1, 1.4), rotation=25, stretch=1.2)
    return {
        'original': [],
        'ResizePeople': [ResizePeople((SIZE[0], SIZE[1] * 3 // 4))],
        'CropAroundPeople': [CropAroundPeople(one_prob=0, margin=(0.02, 0.1))],
        'RandomAffinePeople': [view],
        'RandomFlipPeople': [RandomFlipPeople(prob=1)],
        'PhotometricDistortPeople': [PhotometricDistortPeople(0.5, 0.5, 0.5, 0.1, grey_prob=0)],
        'CopyPastePeople': [CopyPastePeople(prob=1, max_people=2)],
        'all, in a good order': [
            CopyPastePeople(prob=1, max_people=2),
            view,
            RandomFlipPeople(prob=1),
            PhotometricDistortPeople(),
        ],
    }


def draw_sample(sample: dict) -> np.ndarray:
    """A sample with its parts, outlines and skeletons, on white paper of the size of all."""
    annotation = sample['annotation']
    image = np.ascontiguousarray(sample['img'][..., ::-1])
    image = draw_outlines(draw_parts(image, annotation.part_map, sample['part_set'], 0.45), annotation.person_map)
    image = draw_skeletons(image, annotation.joints[..., :2], annotation.joints[..., 2], sample['skeleton'])
    below, beside = SIZE[1] - image.shape[0], SIZE[0] - image.shape[1]
    return cv2.copyMakeBorder(image, 0, below, 0, beside, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def draw_examples(image: int, seed: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB; all examples on one scene.

    Args:
        image: Number of the scene.
        seed: Of the random transforms.
    """
    dataset = SyntheticPeopleDataset(num_images=image + 3, image_size=SIZE)
    pictures = []
    shown = examples()
    for steps in shown.values():
        np.random.seed(seed)
        sample = dataset.prepare_with(image, dict)
        for step in steps:
            sample = step(sample)
        pictures.append(draw_sample(sample))
    return in_grid(pictures, list(shown), columns=4)


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('--image', type=int, default=21, help='number of the scene')
    parser.add_argument('--seed', type=int, default=2, help='seed of the random transforms')
    parser.add_argument('--out', default='docs/en/images/transforms.png', help='file for the picture')
    args = parser.parse_args()
    write_atomic(args.out, small_png(draw_examples(args.image, args.seed), LARGEST_FILE))
    print(args.out)


if __name__ == '__main__':
    main()
