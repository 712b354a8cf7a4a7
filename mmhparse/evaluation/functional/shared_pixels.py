"""SharedPixels: how many pixels each predicted and each true part of an image have in common."""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .people_maps import PeopleMaps

_LARGE_TABLE = 1_000_000
"""Cells of a table of all pairs, 8 MB, from which on it is worth a look at the maps to make it smaller."""


@dataclass(frozen=True, eq=False)
class PartInstances:
    """The parts of one image's people that have pixels, ordered by person, then label.

    Attributes:
        persons: (Q,) int64; id of each part's person. 255 in the truth: everybody's ignored pixels.
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
    _check_prediction(predicted, num_classes)
    if truth.num_people >= IGNORE:
        raise ValueError(f'the truth has {truth.num_people} people, but ids from {IGNORE} on mean ignore.')
    ours = _Names.of(predicted.part_map, predicted.person_map, predicted.num_people, num_classes)
    theirs = _Names.of(*_set_ignored_apart(truth, num_classes), truth.num_people + 1, num_classes + 1)
    if len(ours.names) * len(theirs.names) > _LARGE_TABLE:
        ours, theirs = ours.that_occur(), theirs.that_occur()
    table = _count_pairs(ours, theirs)
    our_rows, our_parts = ours.parts(table.sum(1) // theirs.num_layers)
    their_rows, their_parts = theirs.parts(table.sum(0) // ours.num_layers)
    everybodys, ignored = their_parts.persons > truth.num_people, their_parts.labels == num_classes
    their_parts.persons[everybodys], their_parts.labels[ignored] = IGNORE, IGNORE
    return SharedPixels(our_parts, their_parts, table[np.ix_(our_rows, their_rows)])


@dataclass(frozen=True, eq=False)
class _Names:
    """What a pixel of one side can be: some label of some person.

    Attributes:
        names: person * num_labels + label of each row of the table.
        num_labels: Labels of each person.
        digits: (N, H * W) integers each; read one after the other they are the number of the pixel's row.
        bases: How many values each digit has.
    """

    names: np.ndarray
    num_labels: int
    digits: tuple[np.ndarray, ...]
    bases: tuple[int, ...]

    @classmethod
    def of(cls, part_map: np.ndarray, person_map: np.ndarray, num_people: int, num_labels: int) -> '_Names':
        digits = tuple(array.reshape(len(array), -1) for array in (person_map, part_map))
        return cls(np.arange((num_people + 1) * num_labels), num_labels, digits, (num_people + 1, num_labels))

    @property
    def num_layers(self) -> int:
        return len(self.digits[0])

    def append_to(self, codes: np.ndarray, layer: int) -> None:
        """Writes a layer's digits behind those of the (H * W,) codes, in place."""
        for digit, base in zip(self.digits, self.bases, strict=True):
            codes *= base
            codes += digit[layer]

    def that_occur(self) -> '_Names':
        """The same without the names of no pixel."""
        codes = np.zeros(self.digits[0].shape, np.intp)
        for layer, layer_codes in enumerate(codes):
            self.append_to(layer_codes, layer)
        present = np.bincount(codes.ravel(), minlength=len(self.names)) > 0
        row_of = np.cumsum(present) - 1
        return _Names(self.names[present], self.num_labels, (row_of[codes],), (np.count_nonzero(present),))

    def parts(self, areas: np.ndarray) -> tuple[np.ndarray, PartInstances]:
        """The rows that are parts of somebody and have pixels, and those parts."""
        persons, labels = self.names // self.num_labels, self.names % self.num_labels
        rows = np.flatnonzero((areas > 0) & (persons > 0) & (labels > 0))
        return rows, PartInstances(persons[rows], labels[rows], areas[rows])


def _count_pairs(ours: _Names, theirs: _Names) -> np.ndarray:
    """Pixels that have each of our names and each of theirs."""
    # one number a pixel, made in one buffer: to fill fresh memory takes longer than to count
    codes = np.empty(ours.digits[0].shape[1], np.intp)
    table = None
    for our_layer, their_layer in np.ndindex(ours.num_layers, theirs.num_layers):
        codes.fill(0)
        ours.append_to(codes, our_layer)
        theirs.append_to(codes, their_layer)
        counts = np.bincount(codes, minlength=len(ours.names) * len(theirs.names))
        table = counts if table is None else np.add(table, counts, out=table)
    return table.reshape(len(ours.names), len(theirs.names))


def _set_ignored_apart(truth: PeopleMaps, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Part and person map where C is the label of ignored pixels, and P + 1 the id of everybody's."""
    part_map, person_map = truth.part_map, truth.person_map
    if part_map.max(initial=0) < num_classes and person_map.max(initial=0) < IGNORE:
        return part_map, person_map
    unlabelled = part_map == IGNORE
    _check_labels(part_map.max(initial=0, where=~unlabelled), num_classes, 'true')
    everybodys = truth.shared_ignore().any(0)
    part_map = np.where(unlabelled, num_classes, part_map)
    # once is enough where there are several layers
    part_map[:, everybodys], person_map = 0, np.where(everybodys, 0, person_map)
    part_map[0, everybodys], person_map[0, everybodys] = num_classes, truth.num_people + 1
    return part_map, person_map


def _check_prediction(predicted: PeopleMaps, num_classes: int) -> None:
    _check_labels(predicted.part_map.max(initial=0), num_classes, 'predicted')
    highest = predicted.person_map.max(initial=0)
    if highest > predicted.num_people:
        raise ValueError(f'predicted person_map has id {highest}, but there are only {predicted.num_people} people.')


def _check_labels(highest: int, num_classes: int, whose: str) -> None:
    if highest >= num_classes:
        raise ValueError(
            f'{whose} part_map has label {highest}, but there are {num_classes} classes, 0 to {num_classes - 1}. Do '
            'the part sets of the model and of the data set agree?'
        )
