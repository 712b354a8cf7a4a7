"""DensePose-COCO in miniature."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from mmhparse.datasets.readers import encode_mask, nearest_cells
from mmhparse.datasets.readers.densepose_masks import GRID, NUM_MASKS
from mmhparse.structures import COCO_17, ParseAnnotation
from mmhparse.synthetic.scene import SyntheticScene

from .coco_records import image_record, person_category, person_record, write_json, write_photo

Layout = Literal['2014', '2017']


def write_densepose_coco(
    root: Path,
    scenes: Sequence[SyntheticScene],
    split: Literal['train', 'valminusminival', 'minival'] = 'train',
    images: Layout = '2014',
) -> list[ParseAnnotation]:
    """Writes scenes as a split of DensePose-COCO, image n with the id n + 9.

    Args:
        root: Folder; made if missing, other splits stay.
        scenes: Synthetic scenes.
        split: As in the name of the json.
        images: Whether photos have the folders and names of COCO 2014 or of 2017.

    Returns:
        The annotations that a reader must return: the scenes' truth. They are exact if no person is wider or higher
        than the 256 cells of the grid in which parts are painted.
    """
    photos, records = [], []
    for number, scene in enumerate(scenes, start=9):
        name = f'COCO_{_folder(split, "2014")}_{number:012}.jpg'
        write_photo(photo_path(root, number, split, images), scene.image)
        photos.append(image_record(number, name, scene.annotation))
        for person in range(1, len(scene.annotation) + 1):
            record = person_record(scene.annotation, person) | _painted(scene.annotation, person)
            records.append(record | dict(id=100 * number + person, image_id=number))
    write_json(json_path(root, split), photos, records, [person_category(COCO_17)])
    return [scene.annotation for scene in scenes]


def json_path(root: Path, split: str) -> Path:
    """The split's json."""
    return root / 'annotations' / f'densepose_coco_2014_{split}.json'


def photo_path(root: Path, number: int, split: str, images: Layout) -> Path:
    """The photo of an id."""
    folder = _folder(split, images)
    return root / folder / (f'COCO_{folder}_{number:012}.jpg' if images == '2014' else f'{number:012}.jpg')


def _folder(split: str, images: Layout) -> str:
    return f'{"train" if split == "train" else "val"}{images}'


def _painted(annotation: ParseAnnotation, person: int) -> dict:
    """The keys that DensePose adds to a person: its parts, and points on its surface, which parsers do not use."""
    columns, rows, right, bottom = annotation.boxes[person - 1].astype(int)
    frame = slice(rows, bottom + 1), slice(columns, right + 1)
    labels = np.where(annotation.person_map[frame] == person, annotation.part_map[frame], 0)
    grid = labels[np.ix_(*(_pixel_of_cells(length) for length in labels.shape))]
    masks = [encode_mask(grid == part) if (grid == part).any() else [] for part in range(1, NUM_MASKS + 1)]
    return dict(
        dp_masks=masks, dp_I=[1.0, 2.0], dp_U=[0.5, 0.25], dp_V=[0.5, 0.75], dp_x=[12.5, 99.0], dp_y=[3.0, 80.5]
    )


def _pixel_of_cells(pixels: int) -> np.ndarray:
    """(256,) the pixel of each cell, so that reading the cells (:func:`nearest_cells`) returns all of up to 256 pixels.

    For 2 pixels, which read cells 0 and 128, cells 0 to 127 have pixel 0 and cells 128 to 255 pixel 1.
    """
    return np.searchsorted(nearest_cells(pixels), np.arange(GRID), side='right') - 1


def disturb_densepose_coco(root: Path, number: int, kind: str, split: str = 'train', images: Layout = '2014') -> None:
    """Makes an image's first person irregular, in a way that the real release is or may be.

    Args:
        root: Folder of the miniature release.
        number: Id of the image.
        kind: A key of ``DensePoseCocoDataset.IRREGULARITIES``, or 'no part masks', 'neither parts nor joints', 'no
            joints', 'crowd', 'unlabelled pixels', 'inverted box', 'part mask cut short', 'part mask of another size',
            'part without pixels', 'joint not a number', 'negative visible joint', 'mask of another size', 'truncated
            file', 'name leads out'.
        split, images: As it was written.

    Raises:
        KeyError: If there is no such kind.
    """
    path = json_path(root, split)
    if kind == 'missing image':
        photo_path(root, number, split, images).unlink()
    elif kind == 'truncated file':
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        content = json.loads(path.read_text())
        photo = next(image for image in content['images'] if image['id'] == number)
        person = next(person for person in content['annotations'] if person['image_id'] == number)
        if kind == 'name leads out':
            photo['file_name'] = '../../secret/COCO_train2014_999999999999.jpg'
        else:
            _CHANGES[kind](person, (photo['height'], photo['width']))
        path.write_text(json.dumps(content))


def _set(**values) -> Callable[[dict, tuple[int, int]], None]:
    return lambda person, size: person.update(values)


def _remove(*keys: str) -> Callable[[dict, tuple[int, int]], None]:
    def change(person: dict, size: tuple[int, int]) -> None:
        for key in keys:
            del person[key]

    return change


def _set_joint(*values: float) -> Callable[[dict, tuple[int, int]], None]:
    def change(person: dict, size: tuple[int, int]) -> None:
        person['keypoints'][:3] = values

    return change


def _first_mask(person: dict) -> dict:
    return next(mask for mask in person['dp_masks'] if mask)


def _cut_mask(person: dict, size: tuple[int, int]) -> None:
    _first_mask(person)['counts'] = _first_mask(person)['counts'][:-2]


def _shrink_mask(person: dict, size: tuple[int, int]) -> None:
    _first_mask(person)['size'] = [128, 512]


def _empty_masks(person: dict, size: tuple[int, int]) -> None:
    person['dp_masks'] = [encode_mask(np.zeros((GRID, GRID), bool))] + 13 * [[]]


def _empty_one_mask(person: dict, size: tuple[int, int]) -> None:
    person['dp_masks'][person['dp_masks'].index([]) if [] in person['dp_masks'] else 0] = encode_mask(
        np.zeros((GRID, GRID), bool)
    )


def _wide_mask(person: dict, size: tuple[int, int]) -> None:
    """The whole image becomes the person's mask; the crowd's code is uncompressed, as COCO's is."""
    person['segmentation'] = dict(size=list(size), counts=[0, size[0] * size[1]])


def _crowd(person: dict, size: tuple[int, int]) -> None:
    _wide_mask(person, size)
    person['iscrowd'] = 1


def _mask_of_another_size(person: dict, size: tuple[int, int]) -> None:
    person['segmentation'] = dict(size=[size[0] - 1, size[1]], counts=[0, (size[0] - 1) * size[1]])


def _drop_last_mask(person: dict, size: tuple[int, int]) -> None:
    person['dp_masks'].pop()


def _mask_of_a_line(person: dict, size: tuple[int, int]) -> None:
    person['segmentation'] = [[1.0, 1.0, 9.0, 9.0]]
    del person['dp_masks']


_CHANGES = {
    'empty mask': _mask_of_a_line,
    'bad joint': _set_joint(20.0, 20.0, 7),
    'bad part masks': _drop_last_mask,
    'no part has pixels': _empty_masks,
    'no part masks': _remove('dp_masks'),
    'neither parts nor joints': _remove('dp_masks', 'keypoints'),
    'no joints': _set(keypoints=51 * [0]),
    'crowd': _crowd,
    'unlabelled pixels': _wide_mask,
    'inverted box': _set(bbox=[50.0, 50.0, -20.0, -20.0]),
    'part mask cut short': _cut_mask,
    'part mask of another size': _shrink_mask,
    'part without pixels': _empty_one_mask,
    'joint not a number': _set_joint(float('nan'), 20.0, 2),
    'negative visible joint': _set_joint(-1.28, -0.85, 2),
    'mask of another size': _mask_of_another_size,
}
