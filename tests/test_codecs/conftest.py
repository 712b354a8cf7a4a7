"""Annotations written by hand, small enough to check every cell."""

import numpy as np
import pytest

from mmhparse.structures import ParseAnnotation


@pytest.fixture
def annotate():
    """Makes an annotation of rectangles: one person each, with all joints given as {index: (x, y)}."""

    def make(size, people, parts=1):
        width, height = size
        person_map = np.zeros((height, width), np.int32)
        joints = np.zeros((len(people), 17, 3), np.float32)
        boxes = np.zeros((len(people), 4), np.float32)
        for index, (box, places) in enumerate(people):
            x1, y1, x2, y2 = boxes[index] = box
            person_map[y1 : y2 + 1, x1 : x2 + 1] = index + 1
            for joint, place in places.items():
                joints[index, joint] = (*place, 2)
        part_map = np.where(person_map > 0, parts, 0).astype(np.uint8)
        return ParseAnnotation(part_map, person_map, joints, boxes)

    return make
