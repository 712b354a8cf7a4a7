"""LV-MHP-v2 in miniature."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from scipy.io import loadmat, savemat

from mmhparse.structures import MHP_16, MHP_V2_58, ParseAnnotation
from mmhparse.synthetic.scene import SyntheticScene

from .relabel import relabelled


def write_lv_mhp_v2(root: Path, scenes: Sequence[SyntheticScene], split: str = 'train') -> list[ParseAnnotation]:
    """Writes scenes as a split of LV-MHP-v2, image n under the id n + 3 (ids have no leading zeros).

    Args:
        root: The folder ``LV-MHP-v2``; made if missing, other splits stay.
        scenes: Synthetic scenes.
        split: 'train' or 'val'.

    Returns:
        The annotations that a reader must return: the scenes' truth in 58 parts and 16 joints.
    """
    for folder in ('list', *(f'{split}/{kind}' for kind in ('images', 'parsing_annos', 'pose_annos'))):
        (root / folder).mkdir(parents=True, exist_ok=True)
    truth = []
    for number, scene in enumerate(scenes, start=3):
        annotation = relabelled(scene.annotation, MHP_V2_58, MHP_16, seed=number)
        cv2.imwrite(str(root / split / 'images' / f'{number}.jpg'), scene.image)
        for person in range(1, len(annotation) + 1):
            labels = np.where(annotation.person_map == person, annotation.part_map, 0).astype(np.uint8)
            path = root / split / 'parsing_annos' / f'{number}_{len(annotation):02}_{person:02}.png'
            # the label is in red; the other channels have arbitrary values
            Image.fromarray(np.dstack([labels, labels // 2, np.zeros_like(labels)])).save(path)
        poses = zip(annotation.joints, annotation.boxes, strict=True)
        rows = {f'person_{index}': _pose_rows(*pose) for index, pose in enumerate(poses)}
        savemat(root / split / 'pose_annos' / f'{number}.mat', rows)
        truth.append(annotation)
    names = [str(number) for number in range(3, 3 + len(scenes))]
    (root / 'list' / f'{split}.txt').write_text('\n'.join(names) + '\n')
    return truth


def _pose_rows(joints: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(20, 3) float64; joints, face box and person's box, with flags 0 visible, 1 occluded, 2 out of the image."""
    rows = np.full((20, 3), -1.0)
    rows[:16, 2] = 2 - joints[:, 2]
    known = joints[:, 2] > 0
    rows[:16][known, :2] = joints[known, :2]
    rows[16:, 2] = 0
    rows[18:, :2] = box.reshape(2, 2)
    return rows


def disturb_lv_mhp_v2(root: Path, number: int, kind: str, split: str = 'train') -> None:
    """Makes one image of a miniature release irregular, in a way that the real one is or may be.

    Args:
        root: The folder ``LV-MHP-v2``.
        number: Id of the image, which should have two people or more.
        kind: A key of ``LvMhpV2Dataset.IRREGULARITIES``, or 'two-dimensional mask', 'palette mask', 'size mismatch',
            'truncated mask', 'truncated pose file', 'pose of another shape'.
        split: Split of the image.

    Raises:
        KeyError: If there is no such kind.
    """
    masks = sorted((root / split / 'parsing_annos').glob(f'{number}_*.png'))
    image, pose = root / split / 'images' / f'{number}.jpg', root / split / 'pose_annos' / f'{number}.mat'
    file_changes: dict[str, Callable[[], object]] = {
        'missing image': image.unlink,
        'missing masks': masks[0].unlink,
        'missing pose file': pose.unlink,
        'empty mask': lambda: _change_mask(masks[0], np.zeros_like),
        'label out of range': lambda: _change_mask(masks[0], lambda labels: np.where(labels > 0, labels + 58, 0)),
        'size mismatch': lambda: _change_mask(masks[0], lambda labels: labels[:-1]),
        'two-dimensional mask': lambda: _labels_of(masks[0]).save(masks[0]),
        'palette mask': lambda: _save_with_palette(masks[0]),
        'truncated mask': lambda: _cut_short(masks[0]),
        'truncated pose file': lambda: _cut_short(pose),
    }
    if kind in file_changes:
        file_changes[kind]()
    else:
        _change_poses(pose, _POSE_CHANGES[kind])


def _forget_first(poses: dict) -> None:
    del poses['person_0']


def _add_pose(poses: dict) -> None:
    rows = np.full((20, 3), -1.0)
    rows[:, 2] = 2
    rows[18:] = (0, 0, 0), (9, 4, 0)
    poses['person_99'] = rows


def _swap_first(poses: dict) -> None:
    poses['person_0'], poses['person_1'] = poses['person_1'], poses['person_0']


def _set_rows(where: slice | int, values: Sequence) -> Callable[[dict], None]:
    def change(poses: dict) -> None:
        poses['person_0'][where] = values

    return change


def _cut_rows(poses: dict) -> None:
    poses['person_0'] = poses['person_0'][:16]


_POSE_CHANGES = {
    'person without pose': _forget_first,
    'pose without mask': _add_pose,
    'pose of another number': _swap_first,
    'inverted box': _set_rows(slice(18, 20), [(-1, -1, 1), (-1, -1, 1)]),
    'joint without place': _set_rows(slice(0, 3), [(-1.28, 20, 0), (np.nan, np.nan, 0), (-1, -1, 1)]),
    'joint outside the image': _set_rows(0, (5000, 20, 0)),
    'unknown flag': _set_rows(0, (20, 20, 7)),
    'pose of another shape': _cut_rows,
}


def _labels_of(path: Path) -> Image.Image:
    return Image.open(path).getchannel('R')


def _change_mask(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    labels = change(np.asarray(_labels_of(path))).astype(np.uint8)
    Image.fromarray(np.dstack([labels] * 3)).save(path)


def _save_with_palette(path: Path) -> None:
    labels = _labels_of(path).convert('P')
    labels.putdata(_labels_of(path).tobytes())
    labels.putpalette([255 - value // 3 for value in range(768)])
    labels.save(path)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _change_poses(path: Path, change: Callable[[dict], None]) -> None:
    poses = {name: value for name, value in loadmat(path).items() if not name.startswith('__')}
    change(poses)
    savemat(path, poses)
