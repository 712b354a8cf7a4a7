"""Poses of LV-MHP-v2: the .mat files, and the matching of their poses with masks."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmhparse.structures import MHP_16
from mmhparse.structures.boxes import enclosing_box

from .box_matching import is_usable_box, match_boxes
from .flagged_joints import flagged_joints
from .mat_files import read_mat

_ROWS = 20
_INSTANCE_BOX = slice(18, 20)
_VISIBILITY = {0: 2, 1: 1, 2: 0}


@dataclass(frozen=True, eq=False)
class MhpPose:
    """One pose of a file.

    Attributes:
        number: N of its name, person_N.
        joints: (16, 3) float32; x, y in pixels and visibility (0 unlabelled, 1 hidden, 2 visible); all 0 if unusable.
        box: (4,) float; x1, y1, x2, y2 of the person's box in the file, or around the joints if that is inverted.
    """

    number: int
    joints: np.ndarray
    box: np.ndarray

    @property
    def name(self) -> str:
        return f'person_{self.number}'


def read_mhp_poses(path: str, size: tuple[int, int], note: Callable[[str, str], None]) -> list[MhpPose]:
    """The poses of one image, without those that have neither a box nor joints.

    Args:
        path: The .mat file: arrays ``person_N`` of 20 rows (x, y, flag): 16 joints, two corners of the face box and two
            of the person's box. Flags are 0 visible, 1 occluded, 2 out of the image.
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
        joints = flagged_joints(
            rows[: len(MHP_16)],
            _VISIBILITY,
            MHP_16,
            size,
            lambda kind, detail, name=name: note(kind, f'{name}: {detail}'),
        )
        box = rows[_INSTANCE_BOX, :2].ravel()
        if not (is_usable_box(box) and (box[:2] >= 0).all()):
            note('inverted box', f'{name}: box {box.tolist()}')
            box = enclosing_box(joints)
        if box is not None:
            poses.append(MhpPose(int(match[1]), joints, box))
    return sorted(poses, key=lambda pose: pose.number)


def match_poses(mask_boxes: np.ndarray, poses: Sequence[MhpPose]) -> np.ndarray:
    """Matches poses with masks: the assignment of maximum total IoU of boxes (Kuhn, 1955).

    Args:
        mask_boxes: (M, 4) x1, y1, x2, y2 of the outermost pixels of each mask.
        poses: N poses.

    Returns:
        (N,) int64; index of the mask of each pose, -1 for unmatched ones. Of equally good assignments, the one in the
        order of the files.
    """
    if not poses:
        return np.zeros(0, np.int64)
    numbers = np.array([pose.number for pose in poses])
    same = numbers[:, None] == np.arange(len(mask_boxes))
    return match_boxes(np.stack([pose.box for pose in poses]), mask_boxes, prefer=same)
