"""Photos with people as COCO annotates them, and what a parser found in one."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmhparse.datasets.readers import join_inside, read_coco_json, segmentation_mask
from mmhparse.structures import COCO_17

BOX_SHARE = 0.53
"""Share of its box that a person covers, COCO's usual stand-in for the area where there is no mask."""
_LAYOUT = 'person_keypoints_*.json'


@dataclass(frozen=True, eq=False)
class AnnotatedPerson:
    """One person, or a crowd.

    Attributes:
        box: (4,) float; x, y, width, height in pixels.
        joints: (17, 3) float; x, y in pixels and visibility: 0 unlabelled (then x = y = 0), 1 hidden, 2 visible.
        mask: (H, W) bool; None if nobody drew one.
        is_crowd: Whether the annotation stands for several people.
    """

    box: np.ndarray
    joints: np.ndarray
    mask: np.ndarray | None
    is_crowd: bool = False

    @property
    def labelled(self) -> np.ndarray:
        """(17,) bool; joints whose place is known, be they visible or hidden."""
        return self.joints[:, 2] > 0

    @property
    def area(self) -> float:
        """Pixels of the mask, or ``BOX_SHARE`` of those of the box."""
        return float(BOX_SHARE * self.box[2] * self.box[3] if self.mask is None else self.mask.sum())

    @property
    def excuses_predictions(self) -> bool:
        """Whether any number of predictions here is neither right nor wrong: a crowd, or a box and nothing else."""
        return self.is_crowd or (self.mask is None and not self.labelled.any())


@dataclass(frozen=True, eq=False)
class AnnotatedPhoto:
    """One photo and all of its people.

    Attributes:
        path: The image file.
        size: (H, W) in pixels.
        masks_complete: Whether every person has a mask, so that predicted masks can be scored.
        people: In the order of the file.
    """

    path: Path
    size: tuple[int, int]
    masks_complete: bool
    people: tuple[AnnotatedPerson, ...]

    def __post_init__(self):
        if self.masks_complete and any(person.mask is None for person in self.people):
            raise ValueError(f"'{self.path.name}' is said to have complete masks, but a person of it has none.")


@dataclass(frozen=True, eq=False)
class ParsedPhoto:
    """What a parser found in one photo, in pixels of the photo.

    Attributes:
        part_map: (H, W) integers; labels of ``densepose_14``, 0 = background.
        person_map: (H, W) integers; 0 = nobody, p = row p - 1 of the people.
        keypoints: (P, 17, 2) float; x, y of COCO's joints.
        scores: (P,) float.

    Raises:
        ValueError: If shapes disagree, or the person map names somebody who is not among the people.
    """

    part_map: np.ndarray
    person_map: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray

    def __post_init__(self):
        if self.part_map.shape != self.person_map.shape or self.part_map.ndim != 2:
            raise ValueError(
                f'part_map and person_map must have one shape, (H, W), got {self.part_map.shape} and '
                f'{self.person_map.shape}.'
            )
        if self.keypoints.shape != (len(self.scores), len(COCO_17), 2):
            raise ValueError(
                f'keypoints must be ({len(self.scores)}, {len(COCO_17)}, 2), x and y of the joints of coco_17 for each '
                f'score, got {self.keypoints.shape}.'
            )
        if self.person_map.max(initial=0) > len(self.scores):
            raise ValueError(f'person_map has person {self.person_map.max()}, but there are {len(self.scores)} people.')

    def mask(self, index: int) -> np.ndarray:
        """(H, W) bool; the pixels of the person in row ``index``."""
        return self.person_map == index + 1


def read_annotated_photos(people_file: str | Path, folder: str | Path) -> list[AnnotatedPhoto]:
    """Reads the people of photos.

    Args:
        people_file: A json with the layout of COCO's ``person_keypoints_*.json``. ``masks_complete`` of an image says
            whether every person of it has a mask; where the key is missing, the annotations are counted.
        folder: Where the photos lie.

    Raises:
        OSError: If the json cannot be read.
        ValueError: If it is of another layout, an annotation is broken or does not fit its photo, or a ``file_name``
            leads out of the folder.
    """
    content = read_coco_json(str(people_file), _LAYOUT)
    required = ('id', 'image_id', 'category_id', 'bbox', 'keypoints', 'iscrowd', 'segmentation')
    persons = {record['id'] for record in content.categories if record['name'] == 'person'}
    records = [record for record in content.annotations if record['category_id'] in persons]
    content.check_annotations(records, required)
    by_image = defaultdict(list)
    for record in records:
        by_image[record['image_id']].append(record)
    photos = []
    for image in content.images:
        size = (image['height'], image['width'])
        people = tuple(_person(record, size, content.path) for record in by_image[image['id']])
        counted = all(person.mask is not None for person in people)
        try:
            path = Path(join_inside(str(folder), image['file_name']))
        except ValueError as error:
            raise ValueError(f'{content.path}: image {image["id"]}: {error}') from error
        photos.append(AnnotatedPhoto(path, size, bool(image.get('masks_complete', counted)), people))
    return photos


def _person(record: dict, size: tuple[int, int], path: str) -> AnnotatedPerson:
    if len(record['keypoints']) != 3 * len(COCO_17):
        raise ValueError(
            f'{path}: annotation {record["id"]}: expected 3 x {len(COCO_17)} numbers in keypoints, got '
            f'{len(record["keypoints"])}; expected the layout of {_LAYOUT}.'
        )
    joints = np.array(record['keypoints'], float).reshape(-1, 3)
    joints[joints[:, 2] == 0] = 0
    try:
        mask = segmentation_mask(record['segmentation'], size) if record['segmentation'] else None
    except ValueError as error:
        raise ValueError(f'{path}: annotation {record["id"]}: {error}') from error
    return AnnotatedPerson(np.array(record['bbox'], float), joints, mask, bool(record['iscrowd']))
