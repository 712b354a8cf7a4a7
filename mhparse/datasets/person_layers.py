"""Annotated people, one layer each -> the maps of the whole image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mhparse.structures import IGNORE, ParseAnnotation


@dataclass(frozen=True, eq=False)
class PersonLayer:
    """One annotated person, before people are laid over each other.

    Attributes:
        mask: (H, W) bool; the person's pixels.
        part_map: (H, W) uint8 part classes, read where the mask holds; None if the person is to be ignored.
        joints: (K, 3) float; x, y in pixels and visibility (0 unlabelled, 1 hidden, 2 visible); None if the person is
            to be ignored.

    Raises:
        ValueError: If only one of ``part_map`` and ``joints`` is None.
    """

    mask: np.ndarray
    part_map: np.ndarray | None = None
    joints: np.ndarray | None = None

    def __post_init__(self):
        if (self.part_map is None) != (self.joints is None):
            raise ValueError('a person to be ignored has neither part_map nor joints; any other person has both.')

    @property
    def ignored(self) -> bool:
        return self.joints is None


def flatten_layers(layers: Sequence[PersonLayer], crowd: np.ndarray, num_joints: int) -> ParseAnnotation:
    """Lays people over each other: where masks overlap, the smaller person is on top, the later one of two equals.

    Smaller is the better guess for nearer: who stands behind is seen through gaps only, and annotators outline such a
    person generously. People keep their order; those of whom no pixel is left are dropped. Ignored people become 255 in
    both maps, and so does the crowd, which lies below all.

    Args:
        layers: People in the order of their ids.
        crowd: (H, W) bool; regions in which people were not told apart.
        num_joints: K; needed where there are no people.

    Raises:
        ValueError: If a mask is of another size than ``crowd``, or more than 254 people are left.
    """
    owner = np.zeros(crowd.shape, np.int32)
    part_map = np.where(crowd, IGNORE, 0).astype(np.uint8)
    areas = [int(layer.mask.sum()) for layer in layers]
    for index in sorted(range(len(layers)), key=lambda index: (-areas[index], index)):
        layer = layers[index]
        if layer.mask.shape != crowd.shape:
            raise ValueError(f'person {index}: expected a mask of {crowd.shape}, got {layer.mask.shape}.')
        owner[layer.mask] = index + 1
        part_map[layer.mask] = IGNORE if layer.ignored else layer.part_map[layer.mask]
    visible = np.bincount(owner.ravel(), minlength=len(layers) + 1) > 0
    people = [index for index, layer in enumerate(layers) if visible[index + 1] and not layer.ignored]
    ids = np.full(len(layers) + 1, IGNORE, np.int32)
    ids[0] = 0
    ids[[index + 1 for index in people]] = np.arange(1, len(people) + 1)
    person_map = np.where(crowd & (owner == 0), IGNORE, ids[owner]).astype(np.int32)
    joints = [layers[index].joints for index in people]
    return ParseAnnotation(
        part_map=part_map,
        person_map=person_map,
        joints=np.stack(joints).astype(np.float32) if joints else np.zeros((0, num_joints, 3), np.float32),
        boxes=_boxes(person_map, len(people)),
    )


def _boxes(person_map: np.ndarray, people: int) -> np.ndarray:
    """(P, 4) float32; x1, y1, x2, y2 of the outermost pixels of persons 1 ... P, each of whom has some."""
    boxes = np.zeros((people, 4), np.float32)
    for person in range(people):
        mask = person_map == person + 1
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        boxes[person] = columns[0], rows[0], columns[-1], rows[-1]
    return boxes
