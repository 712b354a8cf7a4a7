"""Poses of LV-MHP-v2: reading the .mat files, and finding whose pose is whose."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mhparse.structures import MHP_16

from .mat_files import read_mat

MIN_OVERLAP = 0.3
"""Boxes of a mask and a pose that overlap less (IoU) are not of one person. Our choice: no pose does less harm than a
wrong one, and a box drawn round a half-hidden person is larger than what is seen of it."""

_ROWS = 20
_INSTANCE_BOX = slice(18, 20)
_VISIBLE, _OCCLUDED, _OUTSIDE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class MhpPose:
    """One pose of a file.

    Attributes:
        number: N of its name, person_N.
        joints: (16, 3) float32; x, y in pixels and visibility as everywhere, 0 at the origin if unusable.
        box: (4,) float; x1, y1, x2, y2 of the person's box in the file, or round the joints where that is none.
    """

    number: int
    joints: np.ndarray
    box: np.ndarray

    @property
    def name(self) -> str:
        return f'person_{self.number}'


def read_mhp_poses(path: str, size: tuple[int, int], note: Callable[[str, str], None]) -> list[MhpPose]:
    """The poses of one image, those left out that have neither a box nor joints.

    Args:
        path: The .mat file: arrays ``person_N`` of 20 rows (x, y, flag), which are 16 joints, two corners of the face
            box and two of the person's box. Flags are 0 visible, 1 occluded, 2 out of the image.
        size: (W, H) of the image.
        note: Receives kind and detail of each irregularity.

    Raises:
        ValueError: If the file is broken or a pose is of another shape.
    """
    poses = []
    for name, rows in read_mat(path).items():
        match = re.fullmatch(r'person_(\d+)', name)
        if not match:
            continue
        if rows.shape != (_ROWS, 3) or rows.dtype.kind not in 'iuf':
            raise ValueError(f"'{path}': {name} must be {_ROWS} rows (x, y, flag), got {rows.dtype} {rows.shape}.")
        rows = rows.astype(np.float64)
        joints = _joints(rows[: len(MHP_16)], size, lambda kind, detail, name=name: note(kind, f'{name}: {detail}'))
        box = rows[_INSTANCE_BOX, :2].ravel()
        # not written as a comparison with >, so that NaN is refused, too
        if not (box[0] >= 0 and box[1] >= 0 and box[2] > box[0] and box[3] > box[1]):
            note('box inside out', f'{name}: box {box.tolist()}')
            box = _box_round(joints)
        if box is not None:
            poses.append(MhpPose(int(match[1]), joints, box))
    return sorted(poses, key=lambda pose: pose.number)


def match_poses(mask_boxes: np.ndarray, poses: Sequence[MhpPose]) -> np.ndarray:
    """Whose pose is whose: the assignment of greatest total IoU of boxes (Kuhn, 1955).

    Args:
        mask_boxes: (M, 4) x1, y1, x2, y2 of the outermost pixels of each mask.
        poses: Q poses.

    Returns:
        (Q,) int64; index of the mask of each pose, -1 for those that fit none. Of matches as good, the one in the order
        of the files.
    """
    owners = np.full(len(poses), -1)
    if len(poses) and len(mask_boxes):
        overlap = box_iou(np.stack([pose.box for pose in poses]), mask_boxes)
        numbers = np.array([pose.number for pose in poses])
        same = numbers[:, None] == np.arange(len(mask_boxes))
        rows, columns = linear_sum_assignment(overlap + 1e-6 * same, maximize=True)
        fits = overlap[rows, columns] >= MIN_OVERLAP
        owners[rows[fits]] = columns[fits]
    return owners


def box_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(M, N) intersection over union of boxes (M, 4) and (N, 4), x1, y1, x2, y2, both corners being pixels of them."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low + 1).clip(0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2] + 1).prod(-1) for boxes in (first, second)]
    return shared / (areas[0][:, None] + areas[1] - shared)


def mask_box(mask: np.ndarray) -> np.ndarray:
    """(4,) float; x1, y1, x2, y2 of the outermost pixels of a mask (H, W) that has some."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1], rows[-1]], np.float64)


def _joints(rows: np.ndarray, size: tuple[int, int], note: Callable[[str, str], None]) -> np.ndarray:
    """(16, 3) float32 of rows (x, y, flag). The sign tells a missing place, not only -1: files hold scaled ones."""
    places, flags = rows[:, :2], rows[:, 2]
    marked = (flags == _VISIBLE) | (flags == _OCCLUDED)
    known = np.isfinite(places).all(1) & (np.nan_to_num(places) >= 0).all(1)
    inside = known & (np.nan_to_num(places) < np.array(size) - 0.5).all(1)
    for joint in np.flatnonzero((flags == _VISIBLE) & ~known):
        note('joint without place', f'{MHP_16.joints[joint]} at {places[joint].tolist()}')
    for joint in np.flatnonzero(marked & known & ~inside):
        note('joint outside the image', f'{MHP_16.joints[joint]} at {places[joint].tolist()}')
    for joint in np.flatnonzero(~np.isin(flags, (_VISIBLE, _OCCLUDED, _OUTSIDE))):
        note('unknown flag', f'{MHP_16.joints[joint]} has {flags[joint]}')
    joints = np.zeros((len(rows), 3), np.float32)
    usable = marked & inside
    joints[usable, :2], joints[usable, 2] = places[usable], 2 - flags[usable]
    return joints


def _box_round(joints: np.ndarray) -> np.ndarray | None:
    """(4,) box round the labelled joints, None if there is none."""
    labelled = joints[joints[:, 2] > 0, :2].astype(np.float64)
    return np.concatenate([labelled.min(0), labelled.max(0)]) if len(labelled) else None
