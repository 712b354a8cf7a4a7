"""PartOverlaps: how much each predicted person and each true person overlap, class by class."""

import math
from dataclasses import dataclass

import numpy as np

from mmhparse.structures.part_sets import IGNORE

from .code_table import CodeTable, count_codes
from .people_maps import PeopleMaps
from .runs import count_cells
from .shared_pixels import SharedPixels


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
        count = np.minimum(self.union, 1).sum(-1)  # (P, G)
        with np.errstate(invalid='ignore'):  # 0 / 0 is NaN
            return iou.sum(-1) / count


def part_overlaps(predicted: PeopleMaps, truth: PeopleMaps, num_classes: int) -> PartOverlaps:
    """Compares all predicted people of an image with all true ones, in one pass over its pixels.

    Args:
        predicted: Predicted people.
        truth: True people, at the same size; 255 = ignore.
        num_classes: C, with the background.

    Raises:
        ValueError: If the sizes differ or a label is out of range.
    """
    table = count_codes(predicted, truth, num_classes)
    num_pairs = (predicted.num_people, truth.num_people)
    num_pixels = truth.size[0] * truth.size[1]
    # few people: sums of the whole table are fewer and shorter steps than lists of the parts that occur
    if table.is_complete:
        return _of_table(table, num_pairs, num_pixels)
    return _of_parts(SharedPixels.of(table, num_pairs[1], num_classes), num_pairs, num_classes, num_pixels)


def _of_table(table: CodeTable, num_pairs: tuple[int, int], num_pixels: int) -> PartOverlaps:
    """From a table that has a row and a column for every part."""
    people, true_people = num_pairs
    num_classes, true_labels = table.predicted.num_labels, table.truth.num_labels
    # the truth has one person, "everybody", and one label, "ignored", more if it has pixels to ignore
    true_areas = table.true_areas().reshape(-1, true_labels)  # (G, C) or (G + 1, C + 1)
    predicted_areas = table.predicted_areas().reshape(-1, num_classes)[:people]  # (P, C)
    predicted_areas[:, 0], true_areas[:, 0] = 0, 0
    cells = table.counts.reshape(-1, num_classes, *true_areas.shape)[:people]  # (P, C, G, C) or (P, C, G + 1, C + 1)
    parts = cells[:, :, :true_people, :num_classes]  # (P, C, G, C)

    visible = predicted_areas[:, None]  # (P, 1, C)
    counted, predicted_ignored, true_ignored = num_pixels, np.zeros(people, np.int64), np.zeros(true_people, np.int64)
    if true_labels > num_classes:
        ignored = cells[:, 1:, :, num_classes].swapaxes(1, 2)  # (P, G + 1, C - 1)
        visible = visible.repeat(true_people, axis=1)  # (P, G, C)
        visible[..., 1:] -= ignored[:, :-1] + ignored[:, -1:]
        predicted_ignored = ignored.sum((1, 2))
        true_ignored = true_areas[:-1, num_classes]  # (G,)
        counted = num_pixels - true_ignored - true_areas[-1, num_classes]  # (G,)
    return _with_background(
        intersection=parts.diagonal(0, 1, 3).copy(),
        visible=visible,
        true_areas=true_areas[:true_people, :num_classes],
        foreground_of_both=parts[:, 1:, :, 1:].sum((1, 3)),
        counted=counted,
        predicted_areas=predicted_areas.sum(-1),
        predicted_ignored=predicted_ignored,
        true_ignored=true_ignored,
    )


def _of_parts(shared: SharedPixels, num_pairs: tuple[int, int], num_classes: int, num_pixels: int) -> PartOverlaps:
    """From the parts that have pixels, of many people."""
    parts, true_parts, counts = shared.predicted, shared.truth, shared.counts  # (Q,), (R,), (Q, R)
    people, true_people = num_pairs
    owner, true_owner = parts.persons - 1, true_parts.persons - 1  # (Q,), (R,)
    void, known = true_parts.ignored, ~true_parts.ignored  # (R,)

    # row v of the V rows of ignored pixels is ignored for one person, or for everybody
    own_void = true_parts.persons[void, None] == np.arange(1, true_people + 1)  # (V, G)
    void_for = own_void | (true_parts.persons[void, None] == IGNORE)  # (V, G)

    visible = np.zeros((people, true_people, num_classes), np.int64)
    visible[owner, :, parts.labels] = parts.areas[:, None] - counts[:, void] @ void_for  # (Q, G)
    true_areas = np.zeros((true_people, num_classes), np.int64)
    true_areas[true_owner[known], true_parts.labels[known]] = true_parts.areas[known]

    # the pairs of parts that share pixels, and those of one class among them
    row, column = np.nonzero(counts * known)  # (meetings,)
    pair, label, pixels = (owner[row], true_owner[column]), parts.labels[row], counts[row, column]
    alike = label == true_parts.labels[column]  # (meetings,)
    intersection = np.zeros_like(visible)
    intersection[pair[0][alike], pair[1][alike], label[alike]] = pixels[alike]
    return _with_background(
        intersection=intersection,
        visible=visible,
        true_areas=true_areas,
        foreground_of_both=_sums(num_pairs, pair, pixels),
        counted=num_pixels - true_parts.areas[void] @ void_for,
        predicted_areas=_sums((people,), (owner,), parts.areas),
        predicted_ignored=_sums((people,), (owner,), counts[:, void].sum(-1)),
        true_ignored=true_parts.areas[void] @ own_void,
    )


def _with_background(
    intersection: np.ndarray,
    visible: np.ndarray,
    true_areas: np.ndarray,
    foreground_of_both: np.ndarray,
    counted: np.ndarray | int,
    predicted_areas: np.ndarray,
    predicted_ignored: np.ndarray,
    true_ignored: np.ndarray,
) -> PartOverlaps:
    """Adds the union and class 0, the pixels that are no part of a person.

    Args:
        intersection: (P, G, C) pixels of one class in both maps; column 0 is written.
        visible: (P, G, C) pixels of each predicted part that are not ignored for the true person, column 0 is 0;
            (P, 1, C) if they are the same for all.
        true_areas, predicted_areas, predicted_ignored, true_ignored: As in :class:`PartOverlaps`.
        foreground_of_both: (P, G) pixels of a part of both people.
        counted: (G,) pixels that are not ignored for each true person, or one number for all.
    """
    areas = visible + true_areas  # (P, G, C); of both people together
    union = areas - intersection  # (P, G, C)
    union[..., 0] = counted - foreground_of_both
    intersection[..., 0] = counted - areas.sum(-1) + foreground_of_both
    return PartOverlaps(intersection, union, predicted_areas, predicted_ignored, true_areas, true_ignored)


def _sums(shape: tuple[int, ...], where: tuple[np.ndarray, ...], counts: np.ndarray) -> np.ndarray:
    """An int64 table of this shape, where each of the counts is added to the cell that ``where`` says.

    Example:
        The shape (2, 3), ``where`` ([0, 1, 1], [2, 0, 0]) and counts [5, 1, 2] make [[0, 0, 5], [3, 0, 0]].
    """
    cells = np.ravel_multi_index(where, shape)
    return count_cells(cells, counts, math.prod(shape)).reshape(shape)
