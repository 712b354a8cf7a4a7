"""ImageErrors: which people of one image are missed or false, and which pixels of the others are wrong, and how."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from scipy.ndimage import find_objects
from scipy.ndimage import label as connected_regions
from scipy.optimize import linear_sum_assignment

from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.structures.part_sets import IGNORE

ErrorKind = Literal['missed_person', 'false_person', 'wrong_person', 'wrong_part', 'boundary']

ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
"""In the order in which they are repaired: whole people first, then whose a pixel is, then which part."""

PIXEL_ERRORS: tuple[ErrorKind, ...] = ('wrong_person', 'wrong_part', 'boundary')
"""Kinds that a pixel can be; their codes in :attr:`ImageErrors.pixel_errors` are 1, 2, 3."""

LEAST_IOU = 0.1
"""Two people whose regions overlap no more than this are not the same person; the lowest threshold of AP^p."""


@dataclass(frozen=True, eq=False)
class ImageErrors:
    """The errors of one image's P predicted people against its G true ones.

    A map of a person is a whole image, with the part classes where the person is and 0 elsewhere.

    Attributes:
        predicted: (P, H, W) uint8; map of each predicted person.
        truth: (G, H, W) uint8; map of each true person, 255 where pixels are ignored for it.
        partner: (P,) int64; index of the true person whom each prediction shows, -1 for a false person.
        missed: (M,) int64; indices of the true people with labelled pixels whom no prediction shows.
        others: (P, H, W) uint8; the part that a pixel has as another predicted person's, 0 without one.
        pixel_errors: (P, H, W) uint8; what is wrong in the map of each prediction with a partner: 0 nothing, else
            1 + index in ``PIXEL_ERRORS``. Each wrong pixel has one kind.
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
        """(H, W) uint8 to look at; 0 right, else 1 + index in ``ERROR_KINDS``: whole people above wrong pixels."""
        shown = self.pixel_errors.max(0, initial=0)
        shown[shown > 0] += len(ERROR_KINDS) - len(PIXEL_ERRORS)
        shown[(self.predicted[self.partner < 0] > 0).any(0)] = ERROR_KINDS.index('false_person') + 1
        missed = self.truth[self.missed]
        shown[((missed > 0) & (missed < IGNORE)).any(0)] = ERROR_KINDS.index('missed_person') + 1
        return shown

    def repaired(self, kinds: Collection[ErrorKind], scores: np.ndarray) -> tuple[PeopleMaps, np.ndarray]:
        """The prediction with the errors of these kinds, and no others, replaced by the truth.

        ``missed_person`` adds the true person's map with the highest score. ``false_person`` removes the prediction.
        ``wrong_person`` gives a pixel to whom it belongs, with the part that was predicted; one that belongs to nobody
        who was found is taken away only. ``wrong_part`` and ``boundary`` set the true part. A pixel given to the right
        person with a wrong part is right only if ``wrong_part`` is repaired too.

        Args:
            kinds: What to repair; all kinds together leave nothing wrong.
            scores: (P,) of the predictions.

        Returns:
            The people, and a score for each.
        """
        target = np.zeros_like(self.predicted)
        target[self.partner >= 0] = self.truth[self.partner[self.partner >= 0]]
        labels = self.predicted
        wrong = {kind: self.pixel_errors == code for code, kind in enumerate(PIXEL_ERRORS, start=1)}
        if 'wrong_person' in kinds:
            moved = target if 'wrong_part' in kinds else np.where(target > 0, self.others, 0)
            labels = np.where(wrong['wrong_person'], moved, labels)
        for kind in ('wrong_part', 'boundary'):
            if kind in kinds:
                labels = np.where(wrong[kind], target, labels)
        kept = np.flatnonzero(self.partner >= 0) if 'false_person' in kinds else np.arange(len(labels))
        added = self.truth[self.missed] if 'missed_person' in kinds else self.truth[:0]
        maps = np.concatenate([labels[kept], np.where(added == IGNORE, 0, added)])
        return PeopleMaps.from_label_maps(maps), np.append(np.asarray(scores)[kept], np.full(len(added), np.inf))


def find_errors(predicted: PeopleMaps, truth: PeopleMaps, band: int) -> ImageErrors:
    """Compares the predicted and the true people of one image.

    Predicted and true people are paired one to one so that the IoU of their regions, all parts taken together, is
    largest in sum; pairs at or below ``LEAST_IOU`` are dissolved. Within a pair, each pixel whose part differs, the
    background being one, is the first of these that fits:

    - ``boundary``: a border lies up to ``band`` rows or columns off. The pixel's connected region of one predicted
      part where one other is true consists of pixels that have the predicted part in the truth, and the true part in
      the prediction, within ``band``.
    - ``wrong_person``: it is predicted as another person's although it is this one's, or it is another's.
    - ``wrong_part``: all else; the part is confused with another, forgotten or invented.

    Args:
        predicted: Predicted people.
        truth: True people, at the same size; 255 = ignore. Ignored pixels are never wrong.
        band: Pixels that a border may be off.

    Raises:
        ValueError: If the sizes differ.
    """
    if predicted.size != truth.size:
        raise ValueError(f'the prediction is {predicted.size} (W, H) but the truth is {truth.size}.')
    ours, theirs = _maps_of_people(predicted), _maps_of_people(truth)
    theirs[:, truth.shared_ignore().any(0)] = IGNORE

    partner = _pair_people(ours, theirs)
    labelled = ((theirs > 0) & (theirs < IGNORE)).any((1, 2))
    our_others, their_others = _maps_of_others(ours), _maps_of_others(theirs)
    pixel_errors = np.zeros_like(ours)
    for row in np.flatnonzero(partner >= 0):
        shown = partner[row]
        boundary, wrong = _wrong_pixels(ours[row], theirs[shown], band)
        belongs_to_us = (theirs[shown] > 0) & (ours[row] == 0) & (our_others[row] > 0)
        belongs_to_others = (ours[row] > 0) & (theirs[shown] == 0) & (their_others[shown] > 0)
        kinds = np.where(belongs_to_us | belongs_to_others, _code('wrong_person'), _code('wrong_part'))
        pixel_errors[row] = np.where(boundary, _code('boundary'), np.where(wrong, kinds, 0))
    return ImageErrors(
        predicted=ours,
        truth=theirs,
        partner=partner,
        missed=np.setdiff1d(np.flatnonzero(labelled), partner),
        others=our_others,
        pixel_errors=pixel_errors,
    )


def _code(kind: ErrorKind) -> int:
    return PIXEL_ERRORS.index(kind) + 1


def _maps_of_people(people: PeopleMaps) -> np.ndarray:
    """(P, H, W) uint8; the map of each person."""
    ids = np.arange(1, people.num_people + 1)[:, None, None]
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


def _pair_people(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(P,) index of each prediction's partner, or -1."""
    true_regions, visible = (theirs > 0) & (theirs < IGNORE), theirs < IGNORE
    shared = _shared(ours > 0, true_regions)
    iou = shared / np.maximum(_shared(ours > 0, visible) + true_regions.sum((1, 2)) - shared, 1)
    partner = np.full(len(ours), -1)
    rows, columns = linear_sum_assignment(iou, maximize=True)
    good = iou[rows, columns] > LEAST_IOU
    partner[rows[good]] = columns[good]
    return partner


def _shared(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(P, G) float32; pixels that each pair of masks has in common."""
    return np.tensordot(ours.astype(np.float32), theirs.astype(np.float32), axes=([1, 2], [1, 2]))


def _wrong_pixels(ours: np.ndarray, theirs: np.ndarray, band: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) bool masks of one pair's pixels: those of shifted borders, and all that are wrong."""
    wrong = (ours != theirs) & (theirs != IGNORE)
    boundary = np.zeros_like(wrong)
    window = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
    pairs, pair_of_pixel = np.unique(np.stack([ours[wrong], theirs[wrong]]), axis=1, return_inverse=True)
    confusions = np.zeros(wrong.shape, np.int32)
    confusions[wrong] = pair_of_pixel + 1
    for index, (rows, columns) in enumerate(find_objects(confusions)):
        # what lies within reach of the pixels of one pair of parts
        place = np.s_[max(rows.start - band, 0) : rows.stop + band, max(columns.start - band, 0) : columns.stop + band]
        our_part, their_part = pairs[:, index]
        near = cv2.dilate((theirs[place] == our_part).astype(np.uint8), window)
        near &= cv2.dilate((ours[place] == their_part).astype(np.uint8), window)
        regions, count = connected_regions(confusions[place] == index + 1, np.ones((3, 3)))
        shifted = np.arange(count + 1) > 0
        shifted[regions[near == 0]] = False
        boundary[place] |= shifted[regions]
    return boundary, wrong
