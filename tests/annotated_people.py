"""Photos with annotated people for tests: standing figures whose joints, mask and parts are known exactly."""

from pathlib import Path

import numpy as np

from mmhparse.evaluation.photos import AnnotatedPerson, AnnotatedPhoto, ParsedPhoto, part_points

SIZE = (120, 160)
# x, y of COCO's 17 joints of somebody who faces the camera, in a box of 40 x 100 pixels: left joints have the larger x
FIGURE = np.array(
    [
        (20, 8), (22, 6), (18, 6), (24, 8), (16, 8), (30, 22), (10, 22), (33, 37), (7, 37), (36, 52), (4, 52),
        (26, 52), (14, 52), (27, 72), (13, 72), (28, 92), (12, 92),
    ],
    float,
)  # fmt: skip


def standing_person(left: float, *, masked: bool = True, visibility: int = 2, crowd: bool = False) -> AnnotatedPerson:
    """Somebody in the box from (left, 10) to (left + 40, 110), which is the mask, too."""
    joints = np.column_stack([FIGURE + (left, 10), np.full(17, visibility)])
    joints[joints[:, 2] == 0] = 0
    mask = np.zeros(SIZE, bool)
    mask[10:110, int(left) : int(left) + 40] = True
    return AnnotatedPerson(np.array([left, 10, 40, 100.0]), joints, mask if masked else None, crowd)


def photo_of(*people: AnnotatedPerson, masks_complete: bool | None = None) -> AnnotatedPhoto:
    """A photo; masks are complete if all people have one, unless told otherwise."""
    complete = all(person.mask is not None for person in people) if masks_complete is None else masks_complete
    return AnnotatedPhoto(Path('photo.jpg'), SIZE, complete, people)


def perfect_prediction(photo: AnnotatedPhoto) -> ParsedPhoto:
    """What a parser would find that makes no mistake; people without a mask own their box."""
    person_map, part_map = np.zeros(photo.size, np.int32), np.zeros(photo.size, np.uint8)
    for number, person in enumerate(photo.people, start=1):
        x, y, width, height = person.box.astype(int)
        person_map[y : y + height, x : x + width] = number
        for point in part_points(photo, person):
            part_map[point.y, point.x] = point.label
    keypoints = np.array([person.joints[:, :2] for person in photo.people]).reshape(-1, 17, 2)
    return ParsedPhoto(part_map, person_map, keypoints, np.linspace(1, 0.5, len(photo.people)))
