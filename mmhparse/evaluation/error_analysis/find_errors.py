"""ImageErrors: which people of one image are missed or false, and which pixels of the others are wrong, and how."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from scipy.ndimage import find_objects

from mmhparse.evaluation.functional import HIGHEST_SCORE, PeopleMaps, pair_by_iou
from mmhparse.structures.part_sets import IGNORE

ErrorKind = Literal['missed_person', 'false_person', 'wrong_person', 'wrong_part', 'boundary']

ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
"""In the order in which they are corrected: whole people first, then the person of a pixel, then its part."""

PIXEL_ERRORS: tuple[ErrorKind, ...] = ('wrong_person', 'wrong_part', 'boundary')
"""Kinds of errors of single pixels; their codes in :attr:`ImageErrors.pixel_errors` are 1, 2, 3."""


@dataclass(frozen=True, eq=False)
class ImageErrors:
    """The errors of one image's P predicted people against its G true ones.

    A map of a person is a whole image, with the part classes where the person is and 0 elsewhere.

    Attributes:
        predicted: (P, H, W) uint8; map of each predicted person.
        truth: (G, H, W) uint8; map of each true person, 255 where pixels are ignored for it.
        partner: (P,) int64; index of the true person that is paired with each prediction, -1 for a false person.
        missed: (M,) int64; indices of the true people with labelled pixels that are paired with no prediction.
        others: (P, H, W) uint8; the part that a pixel belongs to in the maps of the other predicted people, or 0.
        pixel_errors: (P, H, W) uint8; error of each pixel in the map of a prediction with a partner: 0 for none,
            otherwise 1 + index in ``PIXEL_ERRORS``. Each wrong pixel has one kind.
    """

    predicted: np.ndarray
    truth: np.ndarray
    partner: np.ndarray
    missed: np.ndarray
    others: np.ndarray
    pixel_errors: np.ndarray

    def counts(self) -> np.ndarray:
        """(5,) int64 in the order of ``ERROR_KINDS``; people for the first two, pixels for the others."""
        pixels = np.bincount(self.pixel_errors.ravel(), minlength=len(PIXEL_ERRORS) + 1)[1:]
        return np.array([len(self.missed), np.count_nonzero(self.partner < 0), *pixels])

    def error_map(self) -> np.ndarray:
        """(H, W) uint8 for pictures; 0 = right, else 1 + index in ``ERROR_KINDS``; whole people cover wrong pixels."""
        shown = self.pixel_errors.max(0, initial=0)  # (H, W)
        shown[shown > 0] += len(ERROR_KINDS) - len(PIXEL_ERRORS)
        shown[(self.predicted[self.partner < 0] > 0).any(0)] = ERROR_KINDS.index('false_person') + 1
        missed = self.truth[self.missed]
        shown[((missed > 0) & (missed < IGNORE)).any(0)] = ERROR_KINDS.index('missed_person') + 1
        return shown

    def repaired(self, kinds: Collection[ErrorKind], scores: np.ndarray) -> tuple[PeopleMaps, np.ndarray]:
        """The prediction with the errors of these kinds, and no others, replaced by the truth.

        ``missed_person`` adds the true person's map with the highest score. ``false_person`` removes the prediction.
        ``wrong_person`` assigns a pixel to the person that it belongs to, with the part that was predicted; a pixel of
        a missed person is only removed from the wrong one. ``wrong_part`` and ``boundary`` set the true part. A pixel
        that is assigned to the right person with a wrong part is right only if ``wrong_part`` is corrected too.

        Args:
            kinds: Kinds of errors to correct; with all of them no error is left.
            scores: (P,) of the predictions.

        Returns:
            The people, and a score for each.
        """
        target = np.zeros_like(self.predicted)  # (P, H, W); map of the partner
        target[self.partner >= 0] = self.truth[self.partner[self.partner >= 0]]
        labels = self.predicted
        wrong = {kind: self.pixel_errors == code for code, kind in enumerate(PIXEL_ERRORS, start=1)}
        if 'wrong_person' in kinds:
            moved = target if 'wrong_part' in kinds else np.where(target > 0, self.others, 0)  # (P, H, W)
            labels = np.where(wrong['wrong_person'], moved, labels)
        for kind in ('wrong_part', 'boundary'):
            if kind in kinds:
                labels = np.where(wrong[kind], target, labels)
        kept = np.flatnonzero(self.partner >= 0) if 'false_person' in kinds else np.arange(len(labels))
        added = self.truth[self.missed] if 'missed_person' in kinds else self.truth[:0]
        maps = np.concatenate([labels[kept], np.where(added == IGNORE, 0, added)])  # (people, H, W)
        best = np.full(len(added), HIGHEST_SCORE)
        return PeopleMaps.from_label_maps(maps), np.append(np.asarray(scores)[kept], best)


def find_errors(predicted: PeopleMaps, truth: PeopleMaps, band: int) -> ImageErrors:
    """Compares the predicted and the true people of one image.

    Predicted and true people are paired one to one so that the sum of the IoU of their regions, all parts together, is
    largest; pairs at or below 0.1 are dissolved. Within a pair, each pixel with different parts (background
    counts as a part) has the first of these kinds that applies:

    - ``boundary``: a border is displaced by up to ``band`` rows or columns. The connected region around the pixel that
      has the same predicted and the same true part consists of pixels that have the predicted part in the truth, and
      the true part in the prediction, within ``band``.
    - ``wrong_person``: a pixel of this person is predicted as another's, or a pixel of another person as this one's.
    - ``wrong_part``: any other; the part is confused with another, missed or invented.

    Args:
        predicted: Predicted people.
        truth: True people, at the same size; 255 = ignore. Ignored pixels are never wrong.
        band: Largest displacement of a border, in pixels.

    Raises:
        ValueError: If the sizes differ.
    """
    if predicted.size != truth.size:
        raise ValueError(f'the prediction is {predicted.size} (W, H) but the truth is {truth.size}.')
    predicted_maps, true_maps = _maps_of_people(predicted), _maps_of_people(truth)  # (P, H, W), (G, H, W)
    true_maps[:, truth.shared_ignore().any(0)] = IGNORE

    partner = _pair_people(predicted_maps, true_maps)  # (P,)
    labelled = ((true_maps > 0) & (true_maps < IGNORE)).any((1, 2))  # (G,)
    predicted_others, true_others = _maps_of_others(predicted_maps), _maps_of_others(true_maps)
    pixel_errors = np.zeros_like(predicted_maps)  # (P, H, W)
    for row in np.flatnonzero(partner >= 0):
        found, true = predicted_maps[row], true_maps[partner[row]]  # (H, W) each
        boundary, wrong = _wrong_pixels(found, true, band)
        lost_to_others = (true > 0) & (found == 0) & (predicted_others[row] > 0)
        taken_from_others = (found > 0) & (true == 0) & (true_others[partner[row]] > 0)
        kinds = np.where(lost_to_others | taken_from_others, _code('wrong_person'), _code('wrong_part'))
        pixel_errors[row] = np.where(boundary, _code('boundary'), np.where(wrong, kinds, 0))
    return ImageErrors(
        predicted=predicted_maps,
        truth=true_maps,
        partner=partner,
        missed=np.setdiff1d(np.flatnonzero(labelled), partner),
        others=predicted_others,
        pixel_errors=pixel_errors,
    )


def _code(kind: ErrorKind) -> int:
    """Value of a kind in :attr:`ImageErrors.pixel_errors`."""
    return PIXEL_ERRORS.index(kind) + 1


def _maps_of_people(people: PeopleMaps) -> np.ndarray:
    """(P, H, W) uint8; the map of each person."""
    ids = np.arange(1, people.num_people + 1)[:, None, None]  # (P, 1, 1)
    maps = np.zeros((people.num_people, *people.part_map.shape[1:]), np.uint8)
    for part_map, person_map in zip(people.part_map, people.person_map, strict=True):
        np.copyto(maps, part_map, where=person_map == ids, casting='unsafe')
    return maps


def _maps_of_others(maps: np.ndarray) -> np.ndarray:
    """(P, H, W); the highest label that a pixel has in the maps of the other people."""
    others = np.zeros_like(maps)
    for row in range(len(maps)):
        others[row] = np.delete(maps, row, axis=0).max(0, initial=0)
    return others


def _pair_people(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(P,) index of each prediction's partner, or -1, for maps (P, H, W) and (G, H, W)."""
    regions, true_regions, visible = predicted > 0, (truth > 0) & (truth < IGNORE), truth < IGNORE
    shared = _shared(regions, true_regions)  # (P, G)
    iou = shared / np.maximum(_shared(regions, visible) + true_regions.sum((1, 2)) - shared, 1)  # (P, G)
    partner = np.full(len(predicted), -1)
    rows, columns = pair_by_iou(iou)
    partner[rows] = columns
    return partner


def _shared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(P, G) float32; pixels that each pair of masks (P, H, W) and (G, H, W) has in common."""
    return np.tensordot(first.astype(np.float32), second.astype(np.float32), axes=([1, 2], [1, 2]))


def _wrong_pixels(predicted: np.ndarray, truth: np.ndarray, band: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) bool masks of one pair's pixels: those of displaced borders, and all that are wrong."""
    wrong = (predicted != truth) & (truth != IGNORE)  # (H, W)
    boundary = np.zeros_like(wrong)
    window = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
    # each pair of a predicted and a true part that occurs, as a column (2, pairs), and the pair of each wrong pixel
    pairs, pair_of_pixel = np.unique(np.stack([predicted[wrong], truth[wrong]]), axis=1, return_inverse=True)
    confusions = np.zeros(wrong.shape, np.int32)  # (H, W); 1 + column of the pair, 0 where nothing is wrong
    confusions[wrong] = pair_of_pixel + 1
    for index, (rows, columns) in enumerate(find_objects(confusions)):
        # the pixels of one pair of parts, and all within the band around them
        place = np.s_[max(rows.start - band, 0) : rows.stop + band, max(columns.start - band, 0) : columns.stop + band]
        predicted_part, true_part = pairs[:, index]
        near_predicted = cv2.dilate((truth[place] == predicted_part).astype(np.uint8), window)
        near_true = cv2.dilate((predicted[place] == true_part).astype(np.uint8), window)
        regions, count = _connected_regions(confusions[place] == index + 1)
        displaced = np.arange(count + 1) > 0  # (regions,)
        displaced[regions[(near_predicted == 0) | (near_true == 0)]] = False
        boundary[place] |= displaced[regions]
    return boundary, wrong


def _connected_regions(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """(H, W) number of the region of each pixel, diagonal neighbours included, and how many regions there are."""
    count, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return regions, count - 1
