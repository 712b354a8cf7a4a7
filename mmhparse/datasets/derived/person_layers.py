"""Annotated people, one layer each -> the maps of the whole image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import find_objects

from mmhparse.structures import IGNORE, ParseAnnotation


@dataclass(frozen=True, eq=False)
class PersonLayer:
    """One annotated person, before people are laid over each other.

    Attributes:
        mask: (H, W) bool; the person's pixels.
        part_map: (H, W) uint8 part classes, read where the mask holds; None if the parts are unknown.
        joints: (K, 3) float; x, y in pixels and visibility (0 unlabelled, 1 hidden, 2 visible); None if the joints are
            unknown.
    """

    mask: np.ndarray
    part_map: np.ndarray | None = None
    joints: np.ndarray | None = None

    @property
    def ignored(self) -> bool:
        """Whether neither parts nor joints are known."""
        return self.part_map is None and self.joints is None


def flatten_layers(
    layers: Sequence[PersonLayer],
    crowd: np.ndarray,
    num_joints: int,
    on_top: Literal['smaller', 'later'] = 'smaller',
) -> ParseAnnotation:
    """Lays people over each other.

    People keep their order; those of whom no pixel is left are dropped. Who has joints but no parts keeps its id in the
    person map and is 255 in the part map: ignored for parsing and kept for pose. Who has parts but no joints has only
    unlabelled ones. Who has neither is 255 in both maps, and so is the crowd, which lies below all.

    Args:
        layers: People in the order of their ids.
        crowd: (H, W) bool; regions in which people were not told apart.
        num_joints: K.
        on_top: Who has the pixels that masks share. ``'smaller'`` is the better guess for nearer: who stands behind is
            seen through gaps only, and annotators outline such a person generously; of two equals the later is on top.
            ``'later'`` is the custom of most readers of files with one mask a person.

    Raises:
        ValueError: If a mask is of another size than ``crowd``, or more than 254 people are left.
    """
    beyond = len(layers) + 1
    owner = np.where(crowd, beyond, 0).astype(np.int32)
    part_map = np.where(crowd, IGNORE, 0).astype(np.uint8)
    areas = [int(np.count_nonzero(layer.mask)) if on_top == 'smaller' else 0 for layer in layers]
    for index in sorted(range(len(layers)), key=lambda index: (-areas[index], index)):
        layer = layers[index]
        if layer.mask.shape != crowd.shape:
            raise ValueError(f'person {index}: expected a mask of {crowd.shape}, got {layer.mask.shape}.')
        np.copyto(owner, index + 1, where=layer.mask)
        np.copyto(
            part_map, np.uint8(IGNORE) if layer.part_map is None else layer.part_map, where=layer.mask, casting='unsafe'
        )
    boxes = person_boxes(owner, len(layers))
    # who has lost every pixel has a box of zeros, and so has who fills the first pixel alone
    visible = boxes.any(axis=1) | (np.arange(1, beyond) == owner[0, 0])
    people = [index for index, layer in enumerate(layers) if visible[index] and not layer.ignored]
    ids = np.full(beyond + 1, IGNORE, np.int32)
    ids[0] = 0
    ids[[index + 1 for index in people]] = np.arange(1, len(people) + 1)
    joints = np.zeros((len(people), num_joints, 3), np.float32)
    for row, index in zip(joints, people, strict=True):
        if layers[index].joints is not None:
            row[:] = layers[index].joints
    return ParseAnnotation(part_map=part_map, person_map=ids[owner], joints=joints, boxes=boxes[people])


def person_boxes(person_map: np.ndarray, people: int) -> np.ndarray:
    """(P, 4) float32; x1, y1, x2, y2 of the outermost pixels of persons 1 ... P; 0 for those without pixels."""
    boxes = np.zeros((people, 4), np.float32)
    # scipy takes a highest label of 0 for none
    slices = find_objects(person_map, max_label=people)[:people]
    for box, place in zip(boxes, slices, strict=True):
        if place is not None:
            rows, columns = place
            box[:] = columns.start, rows.start, columns.stop - 1, rows.stop - 1
    return boxes
