"""Layers of annotated people, one each -> the maps of the whole image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import find_objects

from mmhparse.structures import IGNORE, ParseAnnotation

Window = tuple[slice, slice]
"""Rows and columns of an image."""


@dataclass(frozen=True, eq=False)
class PersonLayer:
    """One annotated person, before the maps of several are combined.

    Attributes:
        mask: (H, W) bool; the person's pixels.
        part_map: (H, W) uint8 part classes, read where the mask holds; None if the parts are unknown.
        joints: (K, 3) float; x, y in pixels of the image and visibility (0 unlabelled, 1 hidden, 2 visible); None if
            the joints are unknown.
        window: The part of the image that ``mask`` and ``part_map`` cover, which saves time where it is small; None for
            the whole image.
    """

    mask: np.ndarray
    part_map: np.ndarray | None = None
    joints: np.ndarray | None = None
    window: Window | None = None

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
    """Combines people, who may overlap, to the maps of their image.

    People keep their order; those without a pixel left are dropped. A person with joints and without parts keeps its id
    in the person map and is 255 in the part map: ignored for parsing and kept for pose. A person with parts and without
    joints has only unlabelled ones. A person without both is 255 in both maps, and so is the crowd, below all people.

    Args:
        layers: People in the order of their ids.
        crowd: (H, W) bool; regions in which people were not told apart.
        num_joints: K.
        on_top: Which person gets the pixels that masks share. ``'smaller'`` guesses who is nearer: a person behind
            others is visible through gaps only, and annotators outline such a person generously; of two equals the
            later is on top. ``'later'`` is the custom of most readers of files with one mask a person.

    Raises:
        ValueError: If a mask is of another size than ``crowd`` or its window, or more than 254 people are left.
    """
    beyond = len(layers) + 1
    # of 254 layers, their numbers and the one beyond them fit 8 bits
    owner = np.zeros(crowd.shape, np.uint8 if beyond <= IGNORE else np.int32)
    part_map = np.zeros(crowd.shape, np.uint8)
    if crowd.any():
        owner[crowd], part_map[crowd] = beyond, IGNORE
    cut = [_cut_to_mask(index, layer, crowd.shape) for index, layer in enumerate(layers)]
    areas = [int(np.count_nonzero(layer.mask)) if on_top == 'smaller' else 0 for layer in cut]
    for index in sorted(range(len(cut)), key=lambda index: (-areas[index], index)):
        layer = cut[index]
        labels = np.uint8(IGNORE) if layer.part_map is None else layer.part_map
        np.copyto(owner[layer.window], index + 1, where=layer.mask, casting='unsafe')
        np.copyto(part_map[layer.window], labels, where=layer.mask, casting='unsafe')
    boxes = [_box_in(owner, layer.window, index + 1) for index, layer in enumerate(cut)]
    people = [index for index, layer in enumerate(layers) if boxes[index] is not None and not layer.ignored]
    # new id of each number, e.g. of two layers with the first one hidden: 0 -> 0, 1 -> 255, 2 -> 1, 3 (crowd) -> 255
    ids = np.full(beyond + 1, IGNORE, np.int32)
    ids[0] = 0
    ids[[index + 1 for index in people]] = np.arange(1, len(people) + 1)
    joints = np.zeros((len(people), num_joints, 3), np.float32)
    for row, index in zip(joints, people, strict=True):
        if layers[index].joints is not None:
            row[:] = layers[index].joints
    return ParseAnnotation(
        part_map=part_map,
        person_map=ids.take(owner),
        joints=joints,
        boxes=np.array([boxes[index] for index in people], np.float32).reshape(-1, 4),
    )


def _cut_to_mask(index: int, layer: PersonLayer, shape: tuple[int, int]) -> PersonLayer:
    """The layer in the smallest window around its mask, or in an empty one without pixels."""
    rows, columns = layer.window or (slice(0, shape[0]), slice(0, shape[1]))
    expected = rows.stop - rows.start, columns.stop - columns.start
    if layer.mask.shape != expected:
        raise ValueError(f'person {index}: expected a mask of {expected}, got {layer.mask.shape}.')
    first_row, last_row = _ends(np.any(layer.mask, axis=1))
    first_column, last_column = _ends(np.any(layer.mask, axis=0))
    inner = slice(first_row, last_row), slice(first_column, last_column)
    return PersonLayer(
        mask=layer.mask[inner],
        part_map=None if layer.part_map is None else layer.part_map[inner],
        window=(
            slice(rows.start + first_row, rows.start + last_row),
            slice(columns.start + first_column, columns.start + last_column),
        ),
    )


def _ends(marked: np.ndarray) -> tuple[int, int]:
    """The first marked element and the one after the last; 0 and 0 if none is marked."""
    places = np.flatnonzero(marked)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def _box_in(owner: np.ndarray, window: Window | None, number: int) -> tuple[int, int, int, int] | None:
    """x1, y1, x2, y2 of the outermost pixels with a number, all of which are in the window; None without any."""
    rows, columns = window or (slice(None), slice(None))
    own = owner[rows, columns] == number
    (top, bottom), (left, right) = _ends(own.any(axis=1)), _ends(own.any(axis=0))
    if top == bottom:
        return None
    return columns.start + left, rows.start + top, columns.start + right - 1, rows.start + bottom - 1


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
