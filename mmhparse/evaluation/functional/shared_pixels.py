"""SharedPixels: how many pixels each predicted and each true part of an image have in common.

All pairs of parts are counted in one pass. Each pixel gets one number that says which part of which person it is in
the prediction and which in the truth, and a histogram of these numbers holds every intersection. The number is in mixed
radix, as 2 h 5 min are 2 * 60 + 5 minutes. For example, with C = 3 classes and one true person, a pixel has

- one of 3 predicted labels (0 ... C - 1). Part 2 of person 1 has the code 1 * 3 + 2 = 5;
- one of 4 true labels (0 ... C - 1, and C for "ignored") of one of 3 true ids (0 for nobody, 1, and G + 1 = 2 for
  "ignored for everybody"), 12 codes. Part 1 of person 1 has the code 1 * 4 + 1 = 5;
- so the cell 5 * 12 + 5 = 65. Reshaped to rows of 12 cells, it is row 5, column 5: what both parts share.

Neighbouring pixels mostly have the same number. Therefore runs of equal pixels are found first, and each run is counted
once, with its length.
"""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .people_maps import PeopleMaps
from .runs import count_cells, merge_runs

_LARGE_TABLE = 1_000_000
"""Cells of the histogram, 8 MB, above which it is faster to find out first which codes occur and number only those."""


@dataclass(frozen=True, eq=False)
class PartInstances:
    """The Q parts of one image's people that have pixels, ordered by person, then label.

    Attributes:
        persons: (Q,) int64; id of each part's person. 255 in the truth: pixels that are ignored for everybody.
        labels: (Q,) int64; class of each part. 255 in the truth: ignored pixels of that person.
        areas: (Q,) int64 pixels.
    """

    persons: np.ndarray
    labels: np.ndarray
    areas: np.ndarray

    @property
    def ignored(self) -> np.ndarray:
        """(Q,) bool; the rows that are ignored pixels, not parts."""
        return self.labels == IGNORE

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class SharedPixels:
    """All pairs of the Q predicted and R true parts of one image.

    Attributes:
        predicted: The Q predicted parts.
        truth: The R true parts, and its ignored pixels as rows of label 255.
        counts: (Q, R) int64; pixels that both have.
    """

    predicted: PartInstances
    truth: PartInstances
    counts: np.ndarray


def shared_pixels(predicted: PeopleMaps, truth: PeopleMaps, num_classes: int) -> SharedPixels:
    """Counts the pixels of all pairs of parts, in one pass over the image.

    Args:
        predicted: Predicted people.
        truth: True people, at the same size; 255 = ignore.
        num_classes: C, with the background.

    Raises:
        ValueError: If the sizes differ, a label is out of range, a predicted id is above the number of people, or the
            truth has more than 254 people.
    """
    if predicted.size != truth.size:
        raise ValueError(
            f'the prediction is {predicted.size} (W, H) but the truth is {truth.size}. Predict at the size of the '
            'original image.'
        )
    if truth.num_people >= IGNORE:
        raise ValueError(f'the truth has {truth.num_people} people, but ids from {IGNORE} on mean ignore.')
    maps = [predicted.part_map, predicted.person_map, truth.part_map, truth.person_map]  # each (layers, H, W)
    (parts, persons, true_parts, true_persons), lengths = merge_runs(maps)  # each (layers, N)
    _check_prediction(parts, persons, predicted.num_people, num_classes)
    true_parts, true_persons = _recode_ignored(true_parts, true_persons, truth.num_people, num_classes)
    predicted_codes = _PixelCodes.of(parts, persons, predicted.num_people, num_classes)
    true_codes = _PixelCodes.of(true_parts, true_persons, truth.num_people + 1, num_classes + 1)
    if len(predicted_codes.names) * len(true_codes.names) > _LARGE_TABLE:
        predicted_codes, true_codes = predicted_codes.that_occur(), true_codes.that_occur()
    table = _count_pairs(predicted_codes, true_codes, lengths)  # (predicted names, true names)
    # each pixel of a layer meets one pixel of each layer of the other side
    rows, instances = predicted_codes.parts(table.sum(1) // true_codes.num_layers)  # (Q,)
    columns, true_instances = true_codes.parts(table.sum(0) // predicted_codes.num_layers)  # (R,)
    true_instances.persons[true_instances.persons > truth.num_people] = IGNORE
    true_instances.labels[true_instances.labels == num_classes] = IGNORE
    return SharedPixels(instances, true_instances, table[rows[:, None], columns])


@dataclass(frozen=True, eq=False)
class _PixelCodes:
    """Which part of which person each pixel of one side is, as one number.

    Attributes:
        codes: (layers, N) unsigned integers; index into ``names`` of each of N pixels or runs of pixels.
        names: (codes,) int64; person * num_labels + label that each code stands for.
        num_labels: Labels of each person.
    """

    codes: np.ndarray
    names: np.ndarray
    num_labels: int

    @classmethod
    def of(cls, part_map: np.ndarray, person_map: np.ndarray, num_people: int, num_labels: int) -> '_PixelCodes':
        names = np.arange((num_people + 1) * num_labels)
        # the narrowest type that holds all codes: the maps are passed over several times
        codes = person_map.astype(np.min_scalar_type(len(names) - 1))  # (layers, N)
        codes *= num_labels
        codes += part_map.astype(codes.dtype, copy=False)
        return cls(codes, names, num_labels)

    @property
    def num_layers(self) -> int:
        return len(self.codes)

    def that_occur(self) -> '_PixelCodes':
        """The same without the codes that no pixel has.

        Example:
            Where pixels have the codes 5, 0 and 5 of 6, the names 0 and 5 are left, and the pixels are 1, 0 and 1.
        """
        present = np.bincount(self.codes.ravel(), minlength=len(self.names)) > 0  # (codes,)
        new_code = (np.cumsum(present) - 1).astype(np.min_scalar_type(np.count_nonzero(present)))
        return _PixelCodes(new_code[self.codes], self.names[present], self.num_labels)

    def parts(self, areas: np.ndarray) -> tuple[np.ndarray, PartInstances]:
        """The codes (Q,) that are parts of a person and have pixels, and those parts."""
        persons, labels = np.divmod(self.names, self.num_labels)
        rows = np.flatnonzero((areas > 0) & (persons > 0) & (labels > 0))  # (Q,)
        return rows, PartInstances(persons[rows], labels[rows], areas[rows])


def _count_pairs(predicted: _PixelCodes, truth: _PixelCodes, lengths: np.ndarray | None) -> np.ndarray:
    """(predicted names, true names) int64; pixels with the one code in the prediction and the other in the truth."""
    shape = len(predicted.names), len(truth.names)
    num_cells = shape[0] * shape[1]
    cell_type = np.min_scalar_type(num_cells - 1)
    table = np.zeros(num_cells, np.int64)  # flat: cell = row * columns + column, with 4 columns (2, 3) is cell 11
    for predicted_layer in predicted.codes:
        row_starts = predicted_layer.astype(cell_type) * shape[1]  # (N,)
        for true_layer in truth.codes:
            table += count_cells(row_starts + true_layer, lengths, num_cells)
    return table.reshape(shape)


def _recode_ignored(
    part_map: np.ndarray, person_map: np.ndarray, num_people: int, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """True part and person map (layers, N) where C is the label of ignored pixels, and G + 1 the id of "everybody"."""
    if part_map.max(initial=0) < num_classes and person_map.max(initial=0) < IGNORE:
        return part_map, person_map
    ignored = part_map == IGNORE  # (layers, N)
    _check_labels(part_map.max(initial=0, where=~ignored), num_classes, 'true')
    for_everybody = ((person_map == IGNORE) | (ignored & (person_map == 0))).any(0)  # (N,)
    part_map = np.where(ignored, num_classes, part_map)
    # of several layers the first alone holds them, so that they are counted once
    part_map[:, for_everybody], person_map = 0, np.where(for_everybody, 0, person_map)
    part_map[0, for_everybody], person_map[0, for_everybody] = num_classes, num_people + 1
    return part_map, person_map


def _check_prediction(part_map: np.ndarray, person_map: np.ndarray, num_people: int, num_classes: int) -> None:
    _check_labels(part_map.max(initial=0), num_classes, 'predicted')
    highest = person_map.max(initial=0)
    if highest > num_people:
        raise ValueError(
            f'predicted person_map has id {highest}, but there are only {num_people} people. Number people from 1; a '
            'prediction has no pixels to ignore.'
        )


def _check_labels(highest: int, num_classes: int, whose: str) -> None:
    if highest >= num_classes:
        raise ValueError(
            f'{whose} part_map has label {highest}, but there are {num_classes} classes, 0 to {num_classes - 1}. Do '
            'the part sets of the model and of the data set agree?'
        )
