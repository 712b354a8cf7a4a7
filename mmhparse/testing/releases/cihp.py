"""CIHP in miniature."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmhparse.datasets.derived import part_instance_map
from mmhparse.structures import CIHP_19, CIHP_CENTRES_9, ParseAnnotation
from mmhparse.synthetic.scene import SyntheticScene

from .relabel import relabelled

FOLDERS = {'train': 'Training', 'val': 'Validation'}


def write_cihp(root: Path, scenes: Sequence[SyntheticScene], split: str = 'train') -> list[ParseAnnotation]:
    """Writes scenes as a split of CIHP, image n under the name 000000n, counted from 1.

    Args:
        root: The folder ``instance-level_human_parsing``; made if missing, other splits stay.
        scenes: Synthetic scenes.
        split: 'train' or 'val'.

    Returns:
        The annotations that a reader must return: the scenes' truth in 19 parts and their 9 centres.
    """
    base, truth = root / FOLDERS[split], []
    for kind in ('Images', 'Category_ids', 'Human_ids', 'Instance_ids'):
        (base / kind).mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(scenes, start=1):
        annotation = relabelled(scene.annotation, CIHP_19, CIHP_CENTRES_9, seed=number)
        name = f'{number:07}'
        cv2.imwrite(str(base / 'Images' / f'{name}.jpg'), scene.image)
        Image.fromarray(annotation.part_map).save(base / 'Category_ids' / f'{name}.png')
        Image.fromarray(annotation.person_map.astype(np.uint8)).save(base / 'Human_ids' / f'{name}.png')
        instances = part_instance_map(annotation.part_map, annotation.person_map, len(CIHP_19))
        Image.fromarray(instances.astype(np.uint8)).save(base / 'Instance_ids' / f'{name}.png')
        lines = [f'{code} {code % 20} {code // 20 + 1}' for code in np.unique(instances)[1:]]
        (base / 'Instance_ids' / f'{name}.txt').write_text('\n'.join(lines) + '\n')
        truth.append(annotation)
    names = [f'{number:07}' for number in range(1, len(scenes) + 1)]
    (base / f'{split}_id.txt').write_text('\n'.join(names) + '\n')
    return truth


def disturb_cihp(root: Path, number: int, kind: str, split: str = 'train') -> None:
    """Makes one image of a miniature release irregular, in a way that the real one is or may be.

    Args:
        root: The folder ``instance-level_human_parsing``.
        number: Number of the image, which should have two people or more.
        kind: A key of ``CihpDataset.IRREGULARITIES``, or 'palette map', 'three channels', 'size mismatch',
            'truncated map', 'empty maps', 'no instance files'.
        split: Split of the image.

    Raises:
        KeyError: If there is no such kind.
    """
    base, name = root / FOLDERS[split], f'{number:07}'
    parts, persons, instances = (base / kind / f'{name}.png' for kind in ('Category_ids', 'Human_ids', 'Instance_ids'))
    listing = instances.with_suffix('.txt')

    def forget_instances() -> None:
        instances.unlink()
        listing.unlink()

    def empty() -> None:
        forget_instances()
        _change(parts, np.zeros_like)
        _change(persons, np.zeros_like)

    changes: dict[str, Callable[[], object]] = {
        'missing image': (base / 'Images' / f'{name}.jpg').unlink,
        'missing map': persons.unlink,
        'label out of range': lambda: _change(parts, lambda labels: np.where(labels == labels.max(), 77, labels)),
        # the top left corner, which is 4 x 6 pixels
        'person on background': lambda: _set_corner(parts, persons, part=0, person=1),
        'part of nobody': lambda: _set_corner(parts, persons, part=5, person=0),
        'person without parts': lambda: _change(parts, lambda labels: np.where(_array(persons) == 1, 0, labels)),
        'person ids with gaps': lambda: _change(persons, lambda ids: np.where(ids > 0, 3 * ids, 0)),
        'everything ignored': lambda: _change(persons, lambda ids: np.where(ids > 0, 255, 0)),
        'too many people to number': lambda: _change(persons, _stripes),
        'instance map differs': lambda: _change(instances, lambda codes: np.where(codes > 0, 1, 0)),
        'listed part without pixels': lambda: listing.write_text(listing.read_text() + '199 19 10\n'),
        'instance list differs': lambda: listing.write_text('1 1\n'),
        'palette map': lambda: _save_with_palette(parts),
        'three channels': lambda: Image.fromarray(np.dstack([_array(parts)] * 3)).save(parts),
        'size mismatch': lambda: _change(persons, lambda ids: ids[:, :-1]),
        'truncated map': lambda: parts.write_bytes(parts.read_bytes()[: parts.stat().st_size // 2]),
        'empty maps': empty,
        'no instance files': forget_instances,
    }
    changes[kind]()


def _array(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def _change(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    Image.fromarray(change(_array(path)).astype(np.uint8)).save(path)


def _set_corner(parts: Path, persons: Path, part: int, person: int) -> None:
    for path, value in ((parts, part), (persons, person)):
        labels = _array(path).copy()
        labels[:6, :4] = value
        Image.fromarray(labels).save(path)


def _stripes(ids: np.ndarray) -> np.ndarray:
    """Everybody cut into upright stripes, each of which is a person, up to 40 in all."""
    number = 1 + 40 * np.arange(ids.shape[1]) // ids.shape[1]
    return np.where(ids > 0, number, 0)


def _save_with_palette(path: Path) -> None:
    image = Image.fromarray(_array(path), 'L')
    image.putpalette([255 - value // 3 for value in range(768)])
    image.save(path)
