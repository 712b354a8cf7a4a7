"""People made of blots, so that where a joint went can be compared with where its pixels went."""

from itertools import product

import cv2
import numpy as np

from mmhparse.structures import ParseAnnotation, PartSet, Skeleton

JOINTS = 6
# without left and right, so that a joint and its blot keep their number in the mirror
SKELETON = Skeleton('blots', tuple('abcdef'), ((0, 1),), (), (0.1,) * JOINTS)
PARTS = PartSet('blots', ('background', *'abcdef', 'body'), ())
BODY = 7
RADIUS, PITCH = 6, 26


def blot_record(generator: np.random.Generator, people: int = 3, size: tuple[int, int] = (180, 140)) -> dict:
    """A black image of people who fill a column each; joint k of person p is the middle of a blot of part k + 1.

    Each blot is a disc, white in the image. Joints lie between pixel centres.
    """
    width, height = size
    image, part_map = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    person_map = np.zeros((height, width), np.int32)
    joints = np.zeros((people, JOINTS, 3), np.float32)
    columns = np.linspace(0, width, people + 1).astype(int)
    boxes = np.zeros((people, 4), np.float32)
    for person, (left, right) in enumerate(zip(columns[:-1], columns[1:], strict=True)):
        part_map[:, left:right], person_map[:, left:right] = BODY, person + 1
        boxes[person] = left, 0, right - 1, height - 1
        places = list(product((left + 15, left + 15 + PITCH), (20, 20 + 2 * PITCH, 20 + 4 * PITCH - 8)))
        for joint, place in enumerate(generator.permutation(places)):
            x, y = place + generator.integers(0, 2, 2) / 2
            ys, xs = np.ogrid[:height, :width]
            blot = np.hypot(xs - x, ys - y) <= RADIUS
            image[blot], part_map[blot] = 255, joint + 1
            joints[person, joint] = x, y, 2
    annotation = ParseAnnotation(part_map, person_map, joints, boxes)
    shape = (height, width)
    return dict(img=image, annotation=annotation, ori_shape=shape, img_shape=shape, skeleton=SKELETON, part_set=PARTS)


def displacements(record: dict, margin: float) -> np.ndarray:
    """(N, 2) distances in pixels between each joint and the middle of its blot, in the maps and in the image.

    A distance is the larger of those in x and in y, for labels move by whole pixels in each. Joints nearer to the
    border than ``margin`` are left out, as their blots are cut.
    """
    annotation, image = record['annotation'], record['img'][..., 0].astype(float)
    width, height = annotation.size
    rows = []
    for person, joint in np.argwhere(annotation.joints[..., 2] == 2):
        x, y = annotation.joints[person, joint, :2]
        if min(x, y, width - 1 - x, height - 1 - y) < margin:
            continue
        blot = ((annotation.person_map == person + 1) & (annotation.part_map == joint + 1)).astype(np.uint8)
        assert blot.any(), 'a visible joint without the pixels under it'
        light = image * cv2.dilate(blot, np.ones((5, 5)))
        rows.append([np.abs(_middle(weight) - (x, y)).max() for weight in (blot, light)])
    return np.array(rows).reshape(-1, 2)


def _middle(weight: np.ndarray) -> np.ndarray:
    return np.array([weight.sum(0) @ np.arange(weight.shape[1]), weight.sum(1) @ np.arange(weight.shape[0])]) / (
        weight.sum(dtype=float)
    )
