"""Labels photos of people for training: part and person maps by a teacher, put right by what people annotated.

`python tools/dataset_converters/label_photos.py PEOPLE.json IMAGES --teacher bodypix_mobilenet_075.npz --out-dir OUT`

PEOPLE.json has the layout of COCO's person_keypoints_*.json. OUT then holds part_maps/ and person_maps/, which
CocoPartMapsDataset reads, and figures/, which tell how far the teacher agrees with masks and joints by people. A run
that was interrupted continues where it was, with the teacher and options that it began with; a photo that cannot be
read is reported and loses nothing else; the exit code is then 1.
"""

import hashlib
import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from mmhparse.commands import at_least, check_output_folder, label_photos, plain_usage_errors
from mmhparse.datasets import CocoPartMapsDataset
from mmhparse.datasets.derived.taught_labels import LIMB_PARTS, TaughtPerson, taught_maps
from mmhparse.datasets.readers import box_mask, read_image
from mmhparse.models.teachers import PartTeacher, load_bodypix
from mmhparse.utils import CommandParser, UsageError, atomic_path, write_atomic

LEAST_HEIGHT = 16
"""People of less height, in pixels, are too small for the teacher: their boxes are ignored unless a mask was drawn."""
_teacher: PartTeacher


class People(CocoPartMapsDataset):
    """The people of a json, listed and not yet labelled."""

    def load_data_list(self) -> list[dict]:
        return self.list_photos()


def main() -> None:
    parser = CommandParser(description=__doc__.splitlines()[0])
    parser.add_argument('people', help='json in the layout of COCO person keypoints')
    parser.add_argument('images', help='folder of the photos')
    parser.add_argument('--teacher', required=True, help="BodyPix's weights, a .npz file")
    parser.add_argument('--out-dir', required=True, type=Path)
    parser.add_argument('--workers', type=at_least(1), default=1, help='processes')
    parser.add_argument('--raw', action='store_true', help='as the teacher says, without masks and joints by people')
    args = parser.parse_args()
    with plain_usage_errors():
        check_output_folder('--out-dir', args.out_dir)
        try:
            load_bodypix(args.teacher)
            people = People(ann_file=args.people, label_root='', data_prefix=dict(img=args.images), test_mode=True)
            _keep_settings(args.out_dir, {'teacher': _digest(args.teacher), 'raw': args.raw})
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    todo = [info for info in map(people.get_data_info, range(len(people))) if not _is_done(args.out_dir, info)]
    work = partial(label, people=people, out_dir=args.out_dir, raw=args.raw)
    with plain_usage_errors():
        failed = label_photos(work, todo, partial(_start, args.teacher), args.workers, done=len(people) - len(todo))
    print(json.dumps(agreement(args.out_dir) | {'photos': len(people) - failed, 'failed': failed}))
    if failed:
        raise SystemExit(1)


def _keep_settings(out_dir: Path, settings: dict) -> None:
    """Writes how the labels of a folder are made, or checks that they are made as those that it holds already.

    Raises:
        ValueError: If the folder holds labels that were made otherwise, or does not tell how.
    """
    path = out_dir / 'settings.json'
    if not path.exists():
        write_atomic(path, json.dumps(settings).encode())
    try:
        other = dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"'{path}' cannot be read ({error}): delete it, or give another --out-dir.") from error
    changed = [name for name, value in settings.items() if other.get(name) != value]
    if changed:
        raise ValueError(
            f"'{out_dir}' holds labels that were made with another {' and '.join(f'--{name}' for name in changed)}: "
            'give the same, or another --out-dir.'
        )


def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _start(weights: str) -> None:
    global _teacher
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    _teacher = PartTeacher(load_bodypix(weights))


def _is_done(out_dir: Path, info: dict) -> bool:
    # the figures are written last
    return (out_dir / 'figures' / f'{Path(info["img_path"]).stem}.json').is_file()


def label(info: dict, people: People, out_dir: Path, raw: bool) -> str | None:
    """Labels one photo; returns what went wrong, if something did."""
    name = Path(info['img_path']).stem
    try:
        photo = read_image(info['img_path'], exif=people.exif)[..., ::-1]
        size = info['height'], info['width']
        if photo.shape[:2] != size:
            raise ValueError(f"'{info['img_path']}' is {photo.shape[:2]}, but {size} (height, width) in the json.")
        persons, crowd = _persons(info, people, np.ascontiguousarray(photo), size)
        unmasked = [TaughtPerson(p.box, p.joints, None, p.view) for p in persons]
        alone = taught_maps(unmasked, crowd, corrected=False)
        maps = alone if raw else taught_maps(persons, crowd)
    except (ValueError, OSError) as error:
        return str(error) if info['img_path'] in str(error) else f"'{info['img_path']}': {error}"
    for folder, array in zip(('part_maps', 'person_maps'), maps, strict=True):
        with atomic_path(out_dir / folder / f'{name}.png') as path:
            Image.fromarray(array.astype(np.uint8)).save(path)
    write_atomic(out_dir / 'figures' / f'{name}.json', json.dumps(_figures(persons, alone, maps)).encode())
    return None


def _persons(
    info: dict, people: People, photo: np.ndarray, size: tuple[int, int]
) -> tuple[list[TaughtPerson], np.ndarray]:
    persons, crowd = [], np.zeros(size, bool)
    for record in info['persons']:
        mask = people.mask(record, size) if record['segmentation'] else None
        if record['iscrowd']:
            crowd |= box_mask(record['bbox'], size) if mask is None else mask
            continue
        x, y, width, height = record['bbox']
        box, joints = np.array([x, y, x + width, y + height]), people.joints(record, size)
        seen = (height >= LEAST_HEIGHT and (joints[:, 2] > 0).any()) or mask is not None
        try:
            view = _teacher.view(photo, box) if seen else None
        except ValueError:  # a box outside the photo: nothing can be seen there
            view = None
        persons.append(TaughtPerson(box, joints, mask if mask is not None and mask.any() else None, view))
    return persons, crowd


def _figures(persons: list[TaughtPerson], alone: tuple, maps: tuple) -> dict:
    """IoU of the teacher's people with masks by people, and parts amid visible limbs before and after correction."""
    part, owner = alone
    iou, spots = [], []
    for number, person in enumerate(persons, start=1):
        if person.mask is not None and (person.joints[:, 2] > 0).any():
            own = owner == number
            iou.append(float((own & person.mask).sum() / max(1, (own | person.mask).sum())))
        for (first, second), label in LIMB_PARTS.items():
            if (person.joints[[first, second], 2] == 2).all():
                x, y = np.rint(person.joints[[first, second], :2].mean(0)).astype(int)
                spots.append([int(label), int(part[y, x]), int(maps[0][y, x])])
    return {'iou': iou, 'spots': spots}


def agreement(out_dir: Path) -> dict:
    """The figures of all photos together."""
    rows = [json.loads(path.read_text()) for path in sorted((out_dir / 'figures').glob('*.json'))]
    iou = np.array([value for row in rows for value in row['iou']])
    spots = np.array([spot for row in rows for spot in row['spots']], int).reshape(-1, 3)
    return {
        'people with mask and joints': len(iou),
        'mask IoU, mean': round(float(iou.mean()), 3) if len(iou) else None,
        'mask IoU above 0.5': round(float((iou > 0.5).mean()), 3) if len(iou) else None,
        'limbs': len(spots),
        'right part, teacher': round(float((spots[:, 0] == spots[:, 1]).mean()), 3) if len(spots) else None,
        'right part, labels': round(float((spots[:, 0] == spots[:, 2]).mean()), 3) if len(spots) else None,
    }


if __name__ == '__main__':
    main()
