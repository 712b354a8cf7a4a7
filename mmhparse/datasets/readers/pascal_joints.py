"""Joints of PASCAL-Person-Part, of Xia et al., in their own .mat files."""

from collections.abc import Callable

import numpy as np

from mmhparse.structures import PPP_14
from mmhparse.structures.boxes import enclosing_box

from .box_matching import is_usable_box, match_boxes
from .flagged_joints import flagged_joints
from .mat_files import read_mat

_VISIBILITY = {0: 0, 1: 2, 2: 1}

Note = Callable[[str, str], None]


def read_pascal_joints(path: str, boxes: np.ndarray, size: tuple[int, int], note: Note) -> np.ndarray:
    """The joints of people, in the order of the boxes of their masks.

    The file numbers people in its own way; they are matched by boxes (:func:`match_boxes`).

    Args:
        path: The .mat file: ``joints``, 1 x P cells of 14 rows (x, y, flag), and ``boxes``, 1 x P cells of x1, y1, x2,
            y2. Flags are 0 unusable, 1 visible, 2 occluded; coordinates may be NaN.
        boxes: (M, 4) x1, y1, x2, y2 of the people's masks.
        size: (W, H) of the image.
        note: Receives kind and detail of each irregularity.

    Returns:
        (M, 14, 3) float32; x, y in pixels as in the file, and visibility; 0 for people without joints.

    Raises:
        ValueError: If the file is broken or an array is of another shape.
    """
    content = read_mat(path)
    joints = [
        flagged_joints(rows, _VISIBILITY, PPP_14, size, _named(note, number))
        for number, rows in enumerate(_cells(content, 'joints', path))
    ]
    theirs = [
        _box(box, joints[number], _named(note, number)) for number, box in enumerate(_cells(content, 'boxes', path))
    ]
    result = np.zeros((len(boxes), len(PPP_14), 3), np.float32)
    owners = match_boxes(np.array(theirs).reshape(-1, 4), boxes)
    for number, owner in enumerate(owners):
        if owner >= 0:
            result[owner] = joints[number]
        else:
            note('joints without person', f'person {number}: no mask fits its box {theirs[number].tolist()}')
    for person in np.setdiff1d(np.arange(len(boxes)), owners):
        note('person without joints', f'no box fits the mask at {boxes[person].tolist()}')
    return result


def _cells(content: dict, name: str, path: str) -> list[np.ndarray]:
    """The arrays of a 1 x P cell, of 14 x 3 joints or of 4 numbers of a box."""
    shape = (len(PPP_14), 3) if name == 'joints' else (4,)
    cells = content[name].ravel() if name in content and content[name].dtype == object else None
    count = content['joints'].size if 'joints' in content else 0
    if cells is None or len(cells) != count:
        raise ValueError(f"'{path}': expected one cell a person in 'joints' and in 'boxes'.")
    arrays = [np.asarray(cell, np.float64).reshape(-1 if name == 'boxes' else np.shape(cell)) for cell in cells]
    for number, array in enumerate(arrays):
        if array.shape != shape:
            raise ValueError(f"'{path}': {name} of person {number} must be {shape}, got {array.shape}.")
    return arrays


def _box(box: np.ndarray, joints: np.ndarray, note: Note) -> np.ndarray:
    """(4,) the box, or the box around the joints if it is inverted; without joints, one that matches no mask."""
    if is_usable_box(box):
        return box
    note('inverted box', f'{box.tolist()}')
    around_joints = enclosing_box(joints)
    return np.full(4, -1.0) if around_joints is None else around_joints


def _named(note: Note, number: int) -> Note:
    return lambda kind, detail: note(kind, f'person {number}: {detail}')
