"""CopyPastePeople: pastes people of another image among those of this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmcv.transforms.utils import cache_randomness

from mmhparse.registry import DATASETS, TRANSFORMS
from mmhparse.structures import ParseAnnotation
from mmhparse.structures.annotation import MAX_PEOPLE

from .annotation_size import check_annotation_size
from .load_image import LoadImage
from .pasting import paste_person
from .warping import warp_image

MAX_ZOOM = 2.0
"""The largest zoom of a pasted person: beyond it, small people would only become blurs."""


@dataclass(frozen=True, eq=False)
class Paste:
    """One pasted person, and its position.

    Attributes:
        person: Row of the other image's person.
        matrix: (2, 3) float; from the other image's pixels to this one's.
    """

    person: int
    matrix: np.ndarray


@TRANSFORMS.register_module()
class CopyPastePeople(BaseTransform):
    """Pastes people of another image beside and over the people of this one, for crowding.

    A pasted person hides the pixels below: maps show the pasted person, joints below become hidden (visibility 1),
    boxes shrink to the remaining pixels, and people without anything left are removed (:func:`paste_person`). Pasted
    people come last, each over all before. Only the image has soft edges; labels are never blended.

    Required keys: img, annotation, dataset (which every :class:`HumanParseDataset` sets). Modified keys: img,
    annotation.

    Args:
        prob: Share of the images that get people, in [0, 1].
        max_people: Maximum number of pasted people; the number is uniform from 1 on.
        scale: Minimum and maximum height of a pasted person, as a multiple of the height of the person that it is
            pasted beside, log-uniform; never more than twice its own.
        reach: Maximum distances between the centres of the two in x and y, as shares of that person's width and
            height, uniform.
        min_pixels: People with fewer pixels are not pasted.
        feather: Standard deviation of the soft edges in pixels; 0 for hard ones.
        pre_transform: Transforms of the other image before its people are cut out; ``LoadImage`` with the ``exif`` of
            the data set if not given.
        donors: Config of the data set that the other image is from; the sample's own data set if not given.

    Raises:
        ValueError: If an argument is out of its range, if image and annotation differ in size, if the sample brings
            no data set, or if the donors have other joints or parts than it.
    """

    def __init__(
        self,
        prob: float = 0.5,
        max_people: int = 3,
        scale: tuple[float, float] = (0.7, 1.4),
        reach: tuple[float, float] = (1.0, 0.25),
        min_pixels: int = 1024,
        feather: float = 1.0,
        pre_transform: Sequence[dict] | None = None,
        donors: dict | None = None,
    ):
        if not 0 <= prob <= 1 or max_people < 1 or not 0 < scale[0] <= scale[1]:
            raise ValueError(
                'expected prob in [0, 1], max_people >= 1 and scale 0 < low <= high, got '
                f'{prob}, {max_people} and {tuple(scale)}.'
            )
        if min(reach) < 0 or min_pixels < 1 or feather < 0:
            raise ValueError(
                f'expected reach >= 0, min_pixels >= 1 and feather >= 0, got {reach}, {min_pixels} and {feather}.'
            )
        self.prob = prob
        self.max_people = max_people
        self.scale = scale
        self.reach = np.array(reach, np.float64)
        self.min_pixels = min_pixels
        self.feather = feather
        steps = [_load] if pre_transform is None else [TRANSFORMS.build(step) for step in pre_transform]
        self.pre_transform = Compose(steps)
        self.donors = None if donors is None else DATASETS.build(donors)

    def transform(self, results: dict) -> dict:
        check_annotation_size(results)
        if 'dataset' not in results:
            raise ValueError("CopyPastePeople needs the sample's data set as 'dataset', as HumanParseDataset sets it.")
        if not self._pastes():
            return results
        dataset = results['dataset']
        if self.donors is not None:
            dataset = self.donors
            _check_donors(dataset, results)
        other = dataset.prepare_with(self._random_index(len(dataset)), self.pre_transform)
        check_annotation_size(other)
        image, annotation = results['img'], results['annotation']
        for paste in self._random_pastes(annotation, other['annotation']):
            person = _alone(other['annotation'], paste.person).warped(paste.matrix, annotation.size)
            pixels = warp_image(other['img'], paste.matrix, annotation.size, border=None)
            image, annotation = paste_person(image, annotation, pixels, person, self.feather)
        results['img'], results['annotation'] = image, annotation
        return results

    @cache_randomness
    def _pastes(self) -> bool:
        return np.random.rand() < self.prob

    @cache_randomness
    def _random_index(self, images: int) -> int:
        return np.random.randint(images)

    @cache_randomness
    def _random_pastes(self, annotation: ParseAnnotation, other: ParseAnnotation) -> list[Paste]:
        pixels = np.bincount(other.person_map.ravel(), minlength=len(other) + 1)[1 : len(other) + 1]
        usable = np.flatnonzero(pixels >= self.min_pixels)
        count = min(np.random.randint(1, self.max_people + 1), len(usable), MAX_PEOPLE - len(annotation))
        people = np.random.permutation(usable)[: max(count, 0)]
        return [Paste(int(person), self._random_matrix(annotation, other.boxes[person])) for person in people]

    def _random_matrix(self, annotation: ParseAnnotation, box: np.ndarray) -> np.ndarray:
        """(2, 3) float64; scales a box of the other image and moves it near a random person of this one."""
        beside = np.array([0, 0, *annotation.size]) - [0, 0, 1, 1]
        if len(annotation):
            beside = annotation.boxes[np.random.randint(len(annotation))]
        size = beside[2:] - beside[:2] + 1
        factor = np.exp(np.random.uniform(*np.log(self.scale)))
        zoom = min(factor * size[1] / (box[3] - box[1] + 1), MAX_ZOOM)
        centre = (beside[:2] + beside[2:]) / 2 + np.random.uniform(-self.reach, self.reach) * size
        centre = np.clip(centre, 0, np.array(annotation.size) - 1)
        return np.array([[zoom, 0, 0], [0, zoom, 0]]) + np.outer(centre - zoom * (box[:2] + box[2:]) / 2, [0, 0, 1])


def _check_donors(donors: Any, results: dict) -> None:
    """That a data set has the joints and parts of the sample."""
    for name in ('skeleton', 'part_set'):
        if getattr(donors, name) != results[name]:
            raise ValueError(
                f"CopyPastePeople: the donors have the {name} '{getattr(donors, name).name}', but the image has "
                f"'{results[name].name}'."
            )


def _load(results: dict) -> dict:
    return LoadImage(results['exif']).transform(results)


def _alone(annotation: ParseAnnotation, person: int) -> ParseAnnotation:
    """The annotation of one person, as the only one in the image."""
    mask = annotation.person_map == person + 1
    return ParseAnnotation(
        part_map=annotation.part_map * mask,
        person_map=mask.astype(np.int32),
        joints=annotation.joints[[person]],
        boxes=annotation.boxes[[person]],
    )
