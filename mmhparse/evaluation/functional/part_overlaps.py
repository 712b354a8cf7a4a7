"""PartOverlaps: how far each predicted person and each true person agree, class by class."""

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
        nowhere = self.union == 0
        return np.where(nowhere, np.nan, self.intersection / np.where(nowhere, 1, self.union))

    def mean_iou(self) -> np.ndarray:
        """(P, G) float64; mean over the classes that either person has. NaN where all pixels are ignored.

        Summed over all C with 0 for missing classes, as ``numpy.nanmean`` does: an overlap can lie exactly at a
        threshold, where the order of the sum decides.
        """
        iou = self.intersection / np.maximum(self.union, 1)
        count = (self.union > 0).sum(-1)
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
    ours, theirs, counts = shared.predicted, shared.truth, shared.counts
    people, known, void = (predicted.num_people, truth.num_people), ~theirs.ignored, theirs.ignored

    # ignored pixels: hides[v, g] tells whether row v of them is ignored for true person g
    hides = (theirs.persons[void, None] == np.arange(1, people[1] + 1)) | (theirs.persons[void, None] == IGNORE)
    hidden = _table((people[0], num_classes, people[1]), (ours.persons - 1, ours.labels), counts[:, void] @ hides)
    counted = truth.size[0] * truth.size[1] - theirs.areas[void] @ hides

    predicted_areas = _table((people[0], num_classes), (ours.persons - 1, ours.labels), ours.areas)
    true_areas = _table(
        (people[1], num_classes), (theirs.persons[known] - 1, theirs.labels[known]), theirs.areas[known]
    )
    visible = (predicted_areas[..., None] - hidden).swapaxes(1, 2)

    # the parts that meet, and among them those of one class
    row, column = np.nonzero(counts * known)
    pair, pixels = (ours.persons[row] - 1, theirs.persons[column] - 1), counts[row, column]
    pixels_of_one_class = pixels * (ours.labels[row] == theirs.labels[column])
    intersection = _table((*people, num_classes), (*pair, ours.labels[row]), pixels_of_one_class)
    union = visible + true_areas - intersection

    foreground_of_both = _table(people, pair, pixels)
    foreground_of_either = visible.sum(-1) + true_areas.sum(-1) - foreground_of_both
    intersection[..., 0] = counted - foreground_of_either
    union[..., 0] = counted - foreground_of_both
    return PartOverlaps(
        intersection=intersection,
        union=union,
        predicted_areas=predicted_areas.sum(-1),
        predicted_ignored=_table(people[:1], (ours.persons - 1,), counts[:, void].sum(-1)),
        true_areas=true_areas,
        true_ignored=theirs.areas[void] @ (theirs.persons[void, None] == np.arange(1, people[1] + 1)),
    )


def _table(shape: tuple[int, ...], where: tuple[np.ndarray, ...], counts: np.ndarray) -> np.ndarray:
    """An int64 table with each of the counts added to its cell."""
    table = np.zeros(shape, np.int64)
    np.add.at(table, where, counts)
    return table
