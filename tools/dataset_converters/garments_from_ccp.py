"""Photos of Clothing Co-Parsing as training data of a parser of garments: ATR's classes, joints by a teacher.

`python tools/dataset_converters/garments_from_ccp.py PHOTOS LABELS --teacher bodypix_mobilenet_075.npz --out-dir OUT`

PHOTOS and LABELS are the folders `photos` and `annotations/pixel-level` of github.com/bearpaw/clothing-co-parsing;
labels may be its .mat files or indexed .png files. OUT then holds people_train.json, people_val.json and labels/, which
CocoPartMapsDataset reads with `metainfo=dict(part_set='atr_18')`. Every twelfth photo, by name, is held out in
people_val.json.

One person of each photo is labelled. Other people whom the teacher sees are ignored, not background. A photo that
cannot be read is reported and loses nothing else, and the exit code is then 1; an interrupted run continues where it
was.
"""

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from mmhparse.commands import at_least, check_output_folder, label_photos, plain_usage_errors
from mmhparse.datasets.derived import CCP_CLASSES, TaughtPerson, garment_map, person_boxes, taught_maps
from mmhparse.datasets.derived.taught_labels import MAYBE
from mmhparse.datasets.readers import files_in, read_image, read_label_map, read_mat
from mmhparse.models.teachers import JointTeacher, PartTeacher, load_bodypix
from mmhparse.structures import ATR_18, COCO_17, IGNORE
from mmhparse.utils import CommandParser, UsageError, atomic_path, write_atomic

HELD_OUT = 12
"""One photo of so many is held out, the last of each group in the order of their names."""
SIDES = (353, 449)
"""Longer sides of the photo, in pixels of the teacher's input."""
RIM = 0.04
"""Half the width of what counts as another person beside the labelled one, as a share of the photo's longer side: the
teacher's outlines are too coarse to call a narrower seam around the labelled person anybody."""
_teachers: tuple[PartTeacher, JointTeacher]


def main() -> None:
    parser = CommandParser(description=__doc__.splitlines()[0])
    parser.add_argument('photos', type=Path, help='folder of the photos, NAME.jpg')
    parser.add_argument('labels', type=Path, help='folder of the garments, NAME.mat or NAME.png')
    parser.add_argument('--teacher', required=True, help="BodyPix's weights, a .npz file")
    parser.add_argument('--out-dir', required=True, type=Path)
    parser.add_argument('--workers', type=at_least(1), default=1, help='processes')
    args = parser.parse_args()
    with plain_usage_errors():
        check_output_folder('--out-dir', args.out_dir)
        try:
            load_bodypix(args.teacher)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
        labels = find_labels(args.labels)
    work = partial(label_one, photos=args.photos, out_dir=args.out_dir)
    with plain_usage_errors():
        failed = label_photos(work, labels, partial(_start, args.teacher), args.workers)
    print(json.dumps(write_people(args.out_dir, labels)))
    if failed:
        raise SystemExit(1)


def find_labels(folder: Path) -> list[Path]:
    """The label files of a folder in the order of their names.

    Raises:
        UsageError: If there are none, the folder cannot be read, or two have one name.
    """
    try:
        found = [Path(path) for path in files_in(str(folder), ('.mat', '.png')).values()]
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    if not found:
        raise UsageError(f"'{folder}' holds no labels NAME.mat or NAME.png: give the folder annotations/pixel-level.")
    return found


def read_labels(path: Path) -> np.ndarray:
    """(H, W) uint8; CCP's classes.

    Raises:
        ValueError, OSError: If the file cannot be read, or holds no such map.
    """
    if path.suffix.lower() == '.mat':
        content = read_mat(str(path))
        if 'groundtruth' not in content:
            raise ValueError(f"'{path}' has no variable 'groundtruth'.")
        array = content['groundtruth']
    else:
        array = read_label_map(path)
    if array.ndim != 2 or array.min(initial=0) < 0 or array.max(initial=0) >= len(CCP_CLASSES):
        raise ValueError(f"'{path}' holds no (H, W) map of classes 0 to {len(CCP_CLASSES) - 1}.")
    return array.astype(np.uint8)


def _start(weights: str) -> None:
    global _teachers
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    net = load_bodypix(weights)
    _teachers = PartTeacher(net, SIDES), JointTeacher(net, SIDES)


def label_one(path: Path, photos: Path, out_dir: Path) -> str | None:
    """Labels one photo; returns what went wrong, if something did."""
    record = out_dir / 'people' / f'{path.stem}.json'  # written last
    if record.is_file():
        return None
    try:
        labels = read_labels(path)
        photo = np.ascontiguousarray(read_image(photos / f'{path.stem}.jpg', exif=False)[..., ::-1])
        if photo.shape[:2] != labels.shape:
            raise ValueError(f"'{path}' is {labels.shape}, but its photo is {photo.shape[:2]} (height, width).")
        if not labels.any():
            raise ValueError(f"'{path}' labels nobody.")
        part_map, person_map, joints = label_person(photo, labels)
    except (ValueError, OSError) as error:
        return str(error)
    for folder, array in (('part_maps', part_map), ('person_maps', person_map)):
        with atomic_path(out_dir / 'labels' / folder / f'{path.stem}.png') as unfinished:
            Image.fromarray(array).save(unfinished)
    left, top, right, bottom = person_boxes(np.where(person_map == 1, 1, 0), 1)[0].tolist()
    person = dict(
        bbox=[left, top, right - left + 1, bottom - top + 1],
        keypoints=[round(value, 2) for value in joints.ravel().tolist()],
        num_keypoints=int((joints[:, 2] > 0).sum()),
    )
    image = dict(file_name=f'{path.stem}.jpg', height=labels.shape[0], width=labels.shape[1])
    write_atomic(record, json.dumps(dict(image=image, person=person)).encode())
    return None


def label_person(photo: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Garments, people and joints of one photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8; CCP's classes.

    Returns:
        part_map (H, W) uint8 of ATR's classes, person_map (H, W) uint8 with the labelled person as 1, and joints
        (17, 3) float32; 255 = ignore in both maps.
    """
    parts, poses = _teachers
    height, width = labels.shape
    mask = labels > 0
    joints = poses.joints(photo, mask)
    view = parts.view(photo, np.array([0, 0, width, height]))
    box = person_boxes(mask.astype(np.int32), 1)[0]
    body, _ = taught_maps([TaughtPerson(box, joints, mask, view)], np.zeros(mask.shape, bool))
    others = other_people(view.person, mask)
    part_map = np.where(others, np.uint8(IGNORE), garment_map(labels, body))
    return part_map, np.where(others, np.uint8(IGNORE), mask.astype(np.uint8)), joints


def other_people(probability: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(H, W) bool; where the teacher sees a person beside the labelled one.

    Args:
        probability: (H, W) float; that the pixel is anybody's.
        mask: (H, W) bool; the labelled person.
    """
    seen = ((probability > MAYBE) & ~mask).astype(np.uint8)
    reach = max(1, round(RIM / 2 * max(mask.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    far = cv2.dilate(mask.astype(np.uint8), kernel) == 0  # what the teacher sees of the labelled person is near
    count, pieces = cv2.connectedComponents(seen)
    broad = np.unique(pieces[(cv2.erode(seen, kernel, borderValue=1) > 0) | ((seen > 0) & far)])
    kept = np.isin(pieces, broad[broad > 0])
    # a piece that touches the labelled person may surround them: only what is beyond the seam is somebody else
    touching = np.unique(pieces[(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & (pieces > 0)])
    return kept & (~np.isin(pieces, touching) | far)


def write_people(out_dir: Path, labels: list[Path]) -> dict[str, int]:
    """Writes the two json files; returns the numbers of photos."""
    records = {path.stem: out_dir / 'people' / f'{path.stem}.json' for path in labels}
    category = dict(id=1, name='person', keypoints=list(COCO_17.joints))
    counts = {}
    for split in ('train', 'val'):
        images, people = [], []
        for number, path in enumerate(records.values()):
            if ((number + 1) % HELD_OUT == 0) == (split == 'val') and path.is_file():
                content = json.loads(path.read_text())
                images.append(content['image'] | dict(id=number + 1))
                owner = dict(id=number + 1, image_id=number + 1, category_id=1, iscrowd=0)
                people.append(content['person'] | owner)
        content = dict(images=images, annotations=people, categories=[category], parts=list(ATR_18.parts))
        write_atomic(out_dir / f'people_{split}.json', json.dumps(content).encode())
        counts[split] = len(images)
    return counts


if __name__ == '__main__':
    main()
