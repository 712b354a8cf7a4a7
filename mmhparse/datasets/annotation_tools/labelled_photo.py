"""LabelledPhoto: the regions of a photo as annotation tools exchange them; from results, and to label maps."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhparse.structures import ParseAnnotation
from mmhparse.utils import UsageError

from ..derived.person_layers import person_boxes
from ..polygons import outlines_of
from ..readers.coco_json import CocoContent
from ..readers.coco_masks import segmentation_mask
from ..readers.image_files import most_pixels
from ..readers.release_files import is_list_name

MOST_PERSON = 2**31 - 1
"""The largest number of a person."""


@dataclass(frozen=True)
class PartClass:
    """The name of a part class and its colour (R, G, B), each from 0 to 255."""

    name: str
    colour: tuple[int, int, int]

    @property
    def html_colour(self) -> str:
        """Such as ``#ff8000``."""
        return '#{:02x}{:02x}{:02x}'.format(*self.colour)


def read_classes(path: Path) -> list[PartClass]:
    """The part classes without the background, of the ``classes.json`` beside results.

    Raises:
        UsageError: If there is no such file, or it holds something else.
    """
    try:
        parts = json.loads(path.read_text())['parts']
        return [PartClass(part['name'], tuple(part['colour'])) for part in parts[1:]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"'{path}' cannot be read as the classes of results ({error}): name the classes.json that tools/infer.py "
            'wrote.'
        ) from error


@dataclass(frozen=True)
class Region:
    """One part of one person, or a piece of it.

    Attributes:
        part: Name of the part class.
        person: Number of the person; the regions of one person in one photo have one number.
        segmentation: COCO's run-length code or polygons.
        score: Of a prediction, in [0, 1].
    """

    part: str
    person: int
    segmentation: Any
    score: float = 1.0


def person_number(value: Any) -> int:
    """The number of a region's person, from a value of an export.

    Raises:
        ValueError: If it is no whole number from 1 on.
    """
    try:
        number = int(value)
        is_whole = number == value or isinstance(value, str)
    except (TypeError, ValueError, OverflowError):  # text, infinity
        number, is_whole = 0, False
    if not is_whole or not 1 <= number <= MOST_PERSON:
        raise ValueError(f'the number of its person is {str(value)[:40]}: give a whole number from 1 on')
    return number


def photo_size(width: Any, height: Any) -> tuple[int, int]:
    """The size (W, H) of a photo, from values of an export, before memory is taken for its masks.

    Raises:
        ValueError: If they are no positive integers, or more pixels than a photo may have.
    """
    try:
        size = int(width), int(height)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f'expected width and height, got {str(width)[:40]} and {str(height)[:40]}') from error
    limit = most_pixels() or math.inf
    if min(size) < 1 or size[0] * size[1] > limit:
        raise ValueError(f'expected positive sides and at most {limit} pixels, got {str(size)[:80]} (width, height)')
    return size


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and its regions, the later on top.

    Attributes:
        name: Path of the photo below the folder of photos, with ``/``.
        size: (W, H) in pixels, upright as the EXIF orientation asks.
        regions: Where they overlap, the later one counts.
    """

    name: str
    size: tuple[int, int]
    regions: tuple[Region, ...]

    def masks(self) -> Iterator[tuple[Region, np.ndarray]]:
        """Each region with its mask (H, W) bool.

        Raises:
            ValueError: If one is broken; the message names photo, part and person.
        """
        width, height = self.size
        for region in self.regions:
            try:
                mask = segmentation_mask(region.segmentation, (height, width))
            except ValueError as error:
                raise ValueError(f"photo '{self.name}': '{region.part}' of person {region.person}: {error}") from error
            yield region, mask

    def with_polygons(self) -> 'LabelledPhoto':
        """The same with a polygon for each connected piece of a region, larger polygons below smaller ones.

        A piece in a hole of another is smaller than the polygon around both, so it stays visible: painting the polygons
        in this order restores everything, but for background in holes. That holds for pieces connected by the sides of
        pixels: those connected by corners could cross each other.
        """
        pieces = [
            (_enclosed_area(outline), Region(region.part, region.person, [outline], region.score))
            for region, mask in self.masks()
            for outline in _outlines_of_pieces(mask)
        ]
        pieces.sort(key=lambda piece: -piece[0])
        return LabelledPhoto(self.name, self.size, tuple(region for _, region in pieces))


def _outlines_of_pieces(mask: np.ndarray) -> Iterator[list[float]]:
    """The outline of each piece of a mask (H, W) that is connected by the sides of pixels."""
    count, pieces, places, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    for piece in range(1, count):
        x, y, width, height = places[piece, :4].tolist()
        for outline in outlines_of(pieces[y : y + height, x : x + width] == piece):
            yield (np.array(outline).reshape(-1, 2) + (x, y)).ravel().tolist()


def _enclosed_area(outline: Sequence[float]) -> float:
    """The area of a polygon x, y, x, y, ... by the shoelace formula."""
    x, y = np.array(outline).reshape(-1, 2).T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def paint(photo: LabelledPhoto, parts: Sequence[PartClass]) -> ParseAnnotation:
    """The label maps of a photo; its people are numbered from 1, in the order of their numbers, and have no joints.

    Args:
        photo: Photo and regions.
        parts: The part classes without the background.

    Raises:
        ValueError: If a region has a label that is none of the parts or a mask that is broken, or there are more than
            254 people.
    """
    labels = {part.name: label for label, part in enumerate(parts, start=1)}
    width, height = photo.size
    part_map, numbers = np.zeros((height, width), np.uint8), np.zeros((height, width), np.int64)
    for region, mask in photo.masks():
        if region.part not in labels:
            raise ValueError(
                f"photo '{photo.name}': there is no part '{region.part}': rename the label to one of {list(labels)}"
            )
        part_map[mask], numbers[mask] = labels[region.part], region.person
    people = np.unique(numbers[numbers > 0])
    person_map = np.where(numbers > 0, np.searchsorted(people, numbers) + 1, 0).astype(np.int32)  # (H, W)
    boxes = person_boxes(person_map, len(people))
    return ParseAnnotation(part_map, person_map, np.zeros((len(people), 0, 3), np.float32), boxes)


def inferred_photos(content: CocoContent, folder: Path, problems: list[str]) -> Iterator[LabelledPhoto]:
    """The parts of people in a ``coco.json`` that the inferencer wrote.

    Args:
        content: What the file holds.
        folder: The folder of photos.
        problems: Receives a message for each image that is no photo below that folder, such as a frame of a video, or
            of which the name is no text that files of the tools hold.

    Raises:
        ValueError: If a part lacks something or has a value of a wrong type; the message names the annotation.
    """
    found = _regions_by_image(content)
    root = folder.resolve()
    for image in content.images:
        try:
            path = Path(image['file_name']).resolve()
            is_photo = path.is_file() and path.is_relative_to(root)
        except (OSError, ValueError):  # too long, or with a zero byte
            is_photo = False
        if not is_photo:
            problems.append(f"'{image['file_name']}' is no photo below '{folder}'")
            continue
        name = path.relative_to(root).as_posix()
        if not is_list_name(name):
            problems.append(f'{image["file_name"]!r} has a name that is no plain text in UTF-8: rename it')
            continue
        yield LabelledPhoto(name, (image['width'], image['height']), tuple(found.get(image['id'], ())))


def _regions_by_image(content: CocoContent) -> dict[int, list[Region]]:
    """The checked parts of people."""
    names = {category['id']: category['name'] for category in content.categories}
    parts = [record for record in content.annotations if names[record['category_id']] != 'person']
    content.check_annotations(parts, ('person_id', 'segmentation', 'score'))
    found: dict[int, list[Region]] = defaultdict(list)
    for record in parts:
        score = record['score']
        if type(score) not in (int, float) or not 0 <= score <= 1:
            raise ValueError(
                f'{content.path}: annotation {record["id"]}: score: expected a number from 0 to 1, got '
                f'{str(score)[:40]}.'
            )
        try:
            person = person_number(record['person_id'])
        except ValueError as error:
            raise ValueError(f'{content.path}: annotation {record["id"]}: {error}.') from error
        region = Region(names[record['category_id']], person, record['segmentation'], score)
        found[record['image_id']].append(region)
    return found
