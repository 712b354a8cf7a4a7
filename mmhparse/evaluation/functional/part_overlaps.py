"""PartOverlaps: how much each predicted person and each true person overlap, class by class."""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .people_maps import PeopleMaps
from .shared_pixels import shared_pixels


@dataclass(frozen=True, eq=False)
class PartOverlaps:
    """Pixel counts of one image's P predicted and G true people, for C classes with the background.

    The background of a person is every pixel that is none of its parts. Pixels that are ignored for true person g are
    in none of the counts of column g.

    Attributes:
        intersection: (P, G, C) int64; pixels that have class c in both people's maps.
        union: (P, G, C) int64; pixels that have class c in one or both.
        predicted_areas: (P,) int64; pixels of the predicted parts, those on ignored pixels too.
        predicted_ignored: (P,) int64; how many of them the truth ignores, for everybody or for one person.
        true_areas: (G, C) int64; pixels of each part of a true person (column 0 is 0).
        true_ignored: (G,) int64; ignored pixels that belong to the person.
    """

    intersection: np.ndarray
    union: np.ndarray
    predicted_areas: np.ndarray
    predicted_ignored: np.ndarray
    true_areas: np.ndarray
    true_ignored: np.ndarray

    def class_iou(self) -> np.ndarray:
        """(P, G, C) float64; intersection over union of each class, NaN where neither person has it."""
        nowhere = self.union == 0  # (P, G, C)
        return np.where(nowhere, np.nan, self.intersection / np.where(nowhere, 1, self.union))

    def mean_iou(self) -> np.ndarray:
        """(P, G) float64; mean over the classes that either person has. NaN where all pixels are ignored.

        Summed over all C with 0 for missing classes, as ``numpy.nanmean`` does: an overlap can lie exactly at a
        threshold, where the order of the sum decides.
        """
        iou = self.intersection / np.maximum(self.union, 1)  # (P, G, C)
        count = (self.union > 0).sum(-1)  # (P, G)
        return np.where(count > 0, iou.sum(-1) / np.maximum(count, 1), np.nan)


def part_overlaps(predicted: PeopleMaps, truth: PeopleMaps, num_classes: int) -> PartOverlaps:
    """Compares all predicted people of an image with all true ones, in one pass over its pixels.

    Args:
        predicted: Predicted people.
        truth: True people, at the same size; 255 = ignore.
        num_classes: C, with the background.

    Raises:
        ValueError: If the sizes differ or a label is out of range.
    """
    shared = shared_pixels(predicted, truth, num_classes)
    predicted_parts, true_parts, counts = shared.predicted, shared.truth, shared.counts  # (Q,), (R,), (Q, R)
    num_pairs = (predicted.num_people, truth.num_people)
    owner, true_owner = predicted_parts.persons - 1, true_parts.persons - 1  # (Q,), (R,)
    void, known = true_parts.ignored, ~true_parts.ignored  # (R,)

    # row v of the V rows of ignored pixels is ignored for one person, or for everybody
    own_void = true_parts.persons[void, None] == np.arange(1, truth.num_people + 1)  # (V, G)
    void_for = own_void | (true_parts.persons[void, None] == IGNORE)  # (V, G)
    hidden_parts = counts[:, void] @ void_for  # (Q, G)
    counted = truth.size[0] * truth.size[1] - true_parts.areas[void] @ void_for  # (G,)

    predicted_areas = _table((num_pairs[0], num_classes), (owner, predicted_parts.labels), predicted_parts.areas)
    hidden = _table((num_pairs[0], num_classes, num_pairs[1]), (owner, predicted_parts.labels), hidden_parts)
    visible = (predicted_areas[..., None] - hidden).swapaxes(1, 2)  # (P, G, C)
    true_areas = _table(
        (num_pairs[1], num_classes), (true_owner[known], true_parts.labels[known]), true_parts.areas[known]
    )

    # the pairs of parts that share pixels, and those of one class among them
    row, column = np.nonzero(counts * known)  # (meetings,)
    pair, label, pixels = (owner[row], true_owner[column]), predicted_parts.labels[row], counts[row, column]
    pixels_of_one_class = pixels * (label == true_parts.labels[column])  # (meetings,)
    intersection = _table((*num_pairs, num_classes), (*pair, label), pixels_of_one_class)
    union = visible + true_areas - intersection  # (P, G, C)

    foreground_of_both = _table(num_pairs, pair, pixels)
    foreground_of_either = visible.sum(-1) + true_areas.sum(-1) - foreground_of_both  # (P, G)
    intersection[..., 0] = counted - foreground_of_either
    union[..., 0] = counted - foreground_of_both
    return PartOverlaps(
        intersection=intersection,
        union=union,
        predicted_areas=predicted_areas.sum(-1),
        predicted_ignored=_table(num_pairs[:1], (owner,), counts[:, void].sum(-1)),
        true_areas=true_areas,
        true_ignored=true_parts.areas[void] @ own_void,
    )


def _table(shape: tuple[int, ...], where: tuple[np.ndarray, ...], counts: np.ndarray) -> np.ndarray:
    """An int64 table of this shape, where each of the counts is added to the cell that ``where`` says.

    Example:
        The shape (2, 3), ``where`` ([0, 1, 1], [2, 0, 0]) and counts [5, 1, 2] make [[0, 0, 5], [3, 0, 0]].
    """
    table = np.zeros(shape, np.int64)
    np.add.at(table, where, counts)
    return table
