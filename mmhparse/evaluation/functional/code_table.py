"""CodeTable: how many pixels each part of a prediction and each part of the truth have in common, in one histogram.

Each pixel gets one number that says which part of which person it is in the prediction and which in the truth, and a
histogram of these numbers holds every intersection. The number is in mixed radix, as 2 h 5 min are 2 * 60 + 5 minutes.
For example, with C = 4 classes and true pixels to ignore, a pixel has

- one of 4 predicted labels (0 ... C - 1). Part 2 of person 1 has the code (1 - 1) * 4 + 2 = 2, part 3 of person 2 the
  code 7; pixels of nobody have the code 0, whatever their label;
- one of 5 true labels (0 ... C - 1, and C for "ignored") of the true people 1 ... G and of one more, which is "ignored
  for everybody". With G = 1 these are 10 codes. Part 3 of person 1 has the code 3;
- so the cell of 7 and 3 is 7 * 10 + 3 = 73: row 7, column 3 of a table of 10 columns, what both parts share.

Neighbouring pixels mostly have the same number. Therefore runs of equal pixels are found first, and each run is counted
once, with its length.
"""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .people_maps import PeopleMaps
from .runs import count_cells, merge_runs

_LARGE_TABLE = 100_000
"""Cells of the histogram above which it is faster to find out first which codes occur and number only those."""
_FEW_PIXELS = 6_000
"""Pixels of an image up to which finding its runs takes longer than counting pixel by pixel."""


@dataclass(frozen=True, eq=False)
class PixelCodes:
    """Which part of which person each pixel of one side is, as one number.

    Attributes:
        codes: (layers, N) unsigned integers; index into ``names`` of each of N pixels or runs of pixels.
        names: (codes,) int64; what each code stands for, (person - 1) * num_labels + label. 0 is nobody.
        num_labels: Labels of each person.
    """

    codes: np.ndarray
    names: np.ndarray
    num_labels: int

    @classmethod
    def of(cls, part_map: np.ndarray, person_map: np.ndarray, num_people: int, num_labels: int) -> 'PixelCodes':
        # the narrowest type that holds all codes: the maps are passed over several times
        narrowest = np.min_scalar_type((num_people + 1) * num_labels)
        codes = np.multiply(person_map, num_labels, dtype=narrowest, casting='unsafe')  # (layers, N)
        codes += part_map.astype(codes.dtype, copy=False)
        # only pixels of nobody are below num_labels
        np.maximum(codes, num_labels, out=codes)
        codes -= num_labels
        return cls(codes, np.arange(max(num_people, 1) * num_labels), num_labels)

    @property
    def num_layers(self) -> int:
        return len(self.codes)

    def that_occur(self) -> 'PixelCodes':
        """The same without the codes that no pixel has.

        Example:
            Where pixels have the codes 5, 0 and 5 of 6, the names 0 and 5 are left, and the pixels are 1, 0 and 1.
        """
        present = np.bincount(self.codes.ravel(), minlength=len(self.names)) > 0  # (codes,)
        new_code = (np.cumsum(present) - 1).astype(np.min_scalar_type(np.count_nonzero(present)))
        return PixelCodes(new_code[self.codes], self.names[present], self.num_labels)


@dataclass(frozen=True, eq=False)
class CodeTable:
    """Pixels of all pairs of a predicted and a true code of one image.

    Attributes:
        counts: (predicted names, true names) int64 pixels. Each pixel of a layer meets one of each layer of the other
            side.
        predicted: Codes of the prediction.
        truth: Codes of the truth. If it has pixels to ignore, C is their label, and G + 1 the person "everybody".
        is_complete: Whether codes that do not occur have rows and columns too.
    """

    counts: np.ndarray
    predicted: PixelCodes
    truth: PixelCodes
    is_complete: bool

    def predicted_areas(self) -> np.ndarray:
        """(predicted names,) int64 pixels."""
        return self.counts.sum(1) // self.truth.num_layers

    def true_areas(self) -> np.ndarray:
        """(true names,) int64 pixels."""
        return self.counts.sum(0) // self.predicted.num_layers


def count_codes(predicted: PeopleMaps, truth: PeopleMaps, num_classes: int) -> CodeTable:
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
    if truth.part_map[0].size > _FEW_PIXELS:
        maps, lengths = merge_runs(maps)  # each (layers, N)
    else:
        maps, lengths = [array.reshape(len(array), -1) for array in maps], None  # each (layers, H * W)
    parts, persons, true_parts, true_persons = maps
    _check_prediction(parts, persons, predicted.num_people, num_classes)
    predicted_codes = PixelCodes.of(parts, persons, predicted.num_people, num_classes)
    true_codes = _true_codes(true_parts, true_persons, truth.num_people, num_classes)
    is_complete = len(predicted_codes.names) * len(true_codes.names) <= _LARGE_TABLE
    if not is_complete:
        predicted_codes, true_codes = predicted_codes.that_occur(), true_codes.that_occur()
    counts = _count_pairs(predicted_codes, true_codes, lengths)  # (predicted names, true names)
    return CodeTable(counts, predicted_codes, true_codes, is_complete)


def _count_pairs(predicted: PixelCodes, truth: PixelCodes, lengths: np.ndarray | None) -> np.ndarray:
    """(predicted names, true names) int64; pixels with the one code in the prediction and the other in the truth."""
    shape = len(predicted.names), len(truth.names)
    num_cells = shape[0] * shape[1]
    cell_type = np.min_scalar_type(num_cells)
    table = np.zeros(num_cells, np.int64)  # flat: cell = row * columns + column, with 4 columns (2, 3) is cell 11
    for predicted_layer in predicted.codes:
        row_starts = predicted_layer.astype(cell_type) * shape[1]  # (N,)
        for true_layer in truth.codes:
            table += count_cells(row_starts + true_layer, lengths, num_cells)
    return table.reshape(shape)


def _true_codes(part_map: np.ndarray, person_map: np.ndarray, num_people: int, num_classes: int) -> PixelCodes:
    """Codes of the true part and person map (layers, N); with label C and person G + 1 if it has pixels to ignore."""
    if part_map.max(initial=0) < num_classes and person_map.max(initial=0) < IGNORE:
        return PixelCodes.of(part_map, person_map, num_people, num_classes)
    ignored = part_map == IGNORE  # (layers, N)
    _check_labels(part_map.max(initial=0, where=~ignored), num_classes, 'true')
    for_everybody = ((person_map == IGNORE) | (ignored & (person_map == 0))).any(0)  # (N,)
    part_map = np.where(ignored, num_classes, part_map)
    # of several layers the first alone holds them, so that they are counted once
    part_map[:, for_everybody], person_map = 0, np.where(for_everybody, 0, person_map)
    part_map[0, for_everybody], person_map[0, for_everybody] = num_classes, num_people + 1
    return PixelCodes.of(part_map, person_map, num_people + 1, num_classes + 1)


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
