"""One person pasted over an image and its people."""

import cv2
import numpy as np

from mmhparse.structures import ParseAnnotation

from ..derived.person_layers import person_boxes

FEATHER_REACH = 3
"""Soft edges end at this many times their spread."""


def paste_person(
    image: np.ndarray, annotation: ParseAnnotation, pixels: np.ndarray, person: ParseAnnotation, feather: float
) -> tuple[np.ndarray, ParseAnnotation]:
    """Pastes a person over the others, as the last of them.

    Joints below it become hidden, boxes of people who lose pixels shrink to their remaining pixels, and people left
    with neither a pixel nor a visible joint are removed. A person without a pixel is not pasted.

    Args:
        image: (H, W, 3) uint8; not changed.
        annotation: The people of the image.
        pixels: (H, W, 3) uint8; an image that shows the person.
        person: The annotation of that one person alone, in the same (H, W).
        feather: Spread of the soft edges in pixels; 0 for hard ones.

    Returns:
        Image and annotation with the person.
    """
    mask = person.person_map == 1
    if not mask.any():
        return image, annotation
    below = _hidden_by(mask, annotation)
    merged = ParseAnnotation(
        part_map=np.where(mask, person.part_map, below.part_map),
        person_map=np.where(mask, np.int32(len(below) + 1), below.person_map),
        joints=np.concatenate([below.joints, person.joints]),
        boxes=np.concatenate([below.boxes, person_boxes(person.person_map, 1)]),
    )
    return _blend(image, pixels, mask, feather), merged.without_absent()


def _hidden_by(mask: np.ndarray, annotation: ParseAnnotation) -> ParseAnnotation:
    """The annotation without the pixels of the mask."""
    ids = np.arange(1, len(annotation) + 1)
    person_map = np.where(mask, 0, annotation.person_map)
    joints = annotation.joints.copy()
    under = (joints[..., 2] > 0) & _lies_in(mask, joints)
    joints[..., 2] = np.where(under, 1, joints[..., 2])
    left = np.bincount(person_map.ravel(), minlength=len(ids) + 1)[1 : len(ids) + 1]
    touched = under.any(axis=1) | np.isin(ids, annotation.person_map[mask])
    shrunk = (touched & (left > 0))[:, None]
    boxes = np.where(shrunk, person_boxes(person_map, len(ids)), annotation.boxes)
    joints[touched & (left == 0) & ~(joints[..., 2] == 2).any(axis=1)] = 0
    return ParseAnnotation(annotation.part_map, person_map, joints, boxes)


def _lies_in(mask: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """(P, K) bool; whether the pixel of each joint is in the mask."""
    height, width = mask.shape
    columns, rows = np.rint(joints[..., :2]).astype(int).transpose(2, 0, 1)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return inside & mask[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]


def _blend(image: np.ndarray, pixels: np.ndarray, mask: np.ndarray, feather: float) -> np.ndarray:
    left, top, right, bottom = person_boxes(mask.astype(np.int32), 1)[0].astype(int)
    reach = int(np.ceil(FEATHER_REACH * feather))
    view = (
        slice(max(top - reach, 0), bottom + reach + 1),
        slice(max(left - reach, 0), right + reach + 1),
    )
    opacity = mask[view].astype(np.float32)
    if feather:
        opacity = cv2.GaussianBlur(opacity, (2 * reach + 1,) * 2, feather)
    blended = image.copy()
    blended[view] = np.rint(image[view] + opacity[..., None] * (pixels[view].astype(np.float32) - image[view]))
    return blended
