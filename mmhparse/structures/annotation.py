"""ParseAnnotation: the labels of one image's people, in one record that is transformed as a whole."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .part_sets import IGNORE, PartSet
from .skeletons import Skeleton

MAX_PEOPLE = IGNORE - 1


@dataclass(frozen=True, eq=False)
class ParseAnnotation:
    """The truth of one image. Row p of ``joints`` and ``boxes`` is the person with id p + 1 in ``person_map``.

    Attributes:
        part_map: (H, W) uint8; part class of each pixel, 0 = background, 255 = ignore.
        person_map: (H, W) int32; person id of each pixel, 0 = nobody, 255 = ignore.
        joints: (P, K, 3) float32; x, y in pixels (pixel centres at integers) and visibility: 0 unlabelled,
            1 labelled but hidden, 2 visible.
        boxes: (P, 4) float32; x1, y1, x2, y2 in pixels.

    Raises:
        ValueError: If shapes disagree, a map does not hold integers or there are more than 254 people.
    """

    part_map: np.ndarray
    person_map: np.ndarray
    joints: np.ndarray
    boxes: np.ndarray

    def __post_init__(self):
        if self.part_map.ndim != 2 or self.part_map.shape != self.person_map.shape:
            raise ValueError(
                'part_map and person_map must be two (H, W) maps of one size, got '
                f'{self.part_map.shape} and {self.person_map.shape}.'
            )
        for name, labels in (('part_map', self.part_map), ('person_map', self.person_map)):
            if labels.dtype.kind not in 'iu':
                raise ValueError(f'{name} must hold integers, got {labels.dtype}.')
        count = len(self.joints)
        if self.joints.ndim != 3 or self.joints.shape[2] != 3:
            raise ValueError(f'joints must be (P, K, 3), got {self.joints.shape}.')
        if self.boxes.shape != (count, 4):
            raise ValueError(f'boxes must be ({count}, 4), one row a person, got {self.boxes.shape}.')
        if count > MAX_PEOPLE:
            raise ValueError(f'at most {MAX_PEOPLE} people fit one person map (255 means ignore), got {count}.')

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def size(self) -> tuple[int, int]:
        """(W, H)."""
        return self.part_map.shape[1], self.part_map.shape[0]

    def warped(self, matrix: np.ndarray, size: tuple[int, int]) -> 'ParseAnnotation':
        """The annotation after the affine map ``matrix`` (2, 3) from old to new pixel coordinates.

        Joints that leave the new image become unlabelled, boxes are clipped to it, and what is outside the old image
        becomes background.

        Args:
            matrix: (2, 3) float; new = matrix @ (x, y, 1).
            size: (W, H) of the new image.
        """
        width, height = size
        maps = [
            cv2.warpAffine(array, matrix, size, flags=cv2.INTER_NEAREST, borderValue=0)
            for array in (self.part_map, self.person_map.astype(np.uint8))
        ]  # two (H, W) uint8
        joints = self.joints.copy()
        joints[..., :2] = self.joints[..., :2] @ matrix[:, :2].T + matrix[:, 2]
        x, y = joints[..., 0], joints[..., 1]
        joints[(x < -0.5) | (y < -0.5) | (x >= width - 0.5) | (y >= height - 0.5)] = 0
        joints[self.joints[..., 2] == 0] = 0
        return ParseAnnotation(
            part_map=maps[0],
            person_map=maps[1].astype(np.int32),
            joints=joints.astype(np.float32),
            boxes=_warp_boxes(self.boxes, matrix, size),
        )

    def flipped(self, skeleton: Skeleton, parts: PartSet) -> 'ParseAnnotation':
        """The mirror image: x becomes W - 1 - x, and left and right change places in joints and parts."""
        width = self.part_map.shape[1]
        swap = np.arange(256, dtype=np.uint8)  # new class of each old one
        swap[: len(parts)] = parts.flip_indices
        joints = self.joints[:, list(skeleton.flip_indices)]  # (P, K, 3)
        joints[..., 0] = np.where(joints[..., 2] > 0, width - 1 - joints[..., 0], 0)
        boxes = self.boxes.copy()
        boxes[:, [0, 2]] = width - 1 - self.boxes[:, [2, 0]]
        return ParseAnnotation(
            part_map=np.ascontiguousarray(swap[self.part_map][:, ::-1]),
            person_map=np.ascontiguousarray(self.person_map[:, ::-1]),
            joints=joints,
            boxes=boxes,
        )

    def without_absent(self) -> 'ParseAnnotation':
        """The annotation without people who have neither a pixel nor a labelled joint left.

        The ids of the others are renumbered, for example 1, 3 to 1, 2 if person 2 is absent.
        """
        pixels = np.bincount(self.person_map.ravel(), minlength=len(self) + 1)[1 : len(self) + 1]  # (P,)
        present = (pixels > 0) | (self.joints[..., 2] > 0).any(axis=1)
        ids = np.zeros(IGNORE + 1, np.int32)  # new id of each old one
        ids[IGNORE] = IGNORE
        ids[np.flatnonzero(present) + 1] = np.arange(1, present.sum() + 1)
        return replace(self, person_map=ids[self.person_map], joints=self.joints[present], boxes=self.boxes[present])


def _warp_boxes(boxes: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(P, 4) boxes around the moved corners, clipped to the pixels of the new image."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)  # (P, 4, 2)
    corners = corners @ matrix[:, :2].T + matrix[:, 2]
    limits = np.asarray(size, dtype=np.float32) - 1
    low, high = np.clip(corners.min(1), 0, limits), np.clip(corners.max(1), 0, limits)  # (P, 2) each
    return np.concatenate([low, high], axis=1).astype(np.float32)
