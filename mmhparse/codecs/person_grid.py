"""PersonGrid: dense-to-sparse projections on a coarse grid -> the person of every pixel.

An example along one row at stride 4, where person 1 ends and person 2 begins: cells 0 and 1, at x = 1.5 and 5.5, show
an arm of person 1 and land on its elbow at x = 2; cells 2 and 3, at x = 9.5 and 13.5, show the torso of person 2 and
land on its hip at x = 30. The pixel x = 8 shows the arm. Its nearest cell is 2, but that shows another part, and so the
pixel goes with cell 1 and is of person 1. An interpolated vector would have landed near x = 20, where nobody is.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from mmhparse.structures import ParseFields, People

from .part_grid import PartGrid
from .sampling import cell_centres, cell_pixels

_OTHER_PART = 100.0
"""Added to the squared distance, in cells, of a cell that shows another part: any cell of the same part is nearer."""
_EXACT_TREE = 4
"""FLANN's number for a single k-d tree, whose search is exact; its other indices approximate."""
_FARTHEST = 1e9
"""Coordinates are limited to this many pixels: squared distances in float32 end at the square of 1.8e19."""


@dataclass(frozen=True, eq=False)
class PersonGrid:
    """Part and person of each cell of the finest grid.

    Each cell u lands at u + D(u), D the dense-to-sparse projection field, and belongs to the person of the found joint
    nearest to there.

    Attributes:
        part: (h, w) uint8.
        person: (h, w) int32; known in cells with a part and those around them, 0 elsewhere.
        distance: (h, w) float32; from where the cell lands to the person's nearest joint, in pixels of the network
            input; infinite where the cell has no person.
        stride: Pixels of the network input per cell.
    """

    part: np.ndarray
    person: np.ndarray
    distance: np.ndarray
    stride: int

    @classmethod
    def of(cls, fields: ParseFields, parts: PartGrid, people: People, within_boxes: bool = False) -> 'PersonGrid':
        """From the fields of one image and its people, both in pixels of the network input.

        Args:
            fields: Fields with a batch of 1.
            parts: Their parts.
            people: The people.
            within_boxes: Whether people get only cells inside their ``bboxes``. The centre of the box then stands for
                the joints of a person without any.

        Raises:
            ValueError: If the projection field holds NaN or infinity where it is read.
        """
        field = fields.projection[0][0].float().numpy()  # (2, h, w)
        height, width = field.shape[1:]
        xs, ys = (cell_pixels(length, fields.stride).astype(np.float64) for length in (width, height))
        part, _ = parts.read(xs, ys)  # (h, w)
        # a pixel of a part reads the cells around it, and may show the part where no cell does
        near = np.flatnonzero(cv2.dilate(_any_part(parts, (height, width)), np.ones((5, 5), np.uint8)))  # (S,)
        rows, columns = np.divmod(near, width)
        xs, ys = (cell_centres(length, fields.stride) for length in (width, height))
        centres = np.stack([xs[columns], ys[rows]], axis=1)  # (S, 2)
        landing = centres + field[:, rows, columns].T  # (S, 2)
        if not np.isfinite(landing).all():
            raise ValueError('projection holds NaN or infinity.')
        person, distance = np.zeros((height, width), np.int32), np.full((height, width), np.inf, np.float32)
        person[rows, columns], distance[rows, columns] = (
            nearest_person_within_box(landing, centres, people) if within_boxes else nearest_person(landing, people)
        )
        return cls(part, person, distance, fields.stride)

    def read(self, xs: np.ndarray, ys: np.ndarray, part_map: np.ndarray) -> np.ndarray:
        """(H, W) int32 person of each pixel of a part.

        A pixel goes with the nearest of the nine cells around it that shows the same part, or with the nearest if none
        does: between two people, interpolated vectors would land on neither.

        Args:
            xs, ys: (W,) and (H,); input coordinates of the pixels.
            part_map: (H, W) uint8; their parts.
        """
        height, width = self.part.shape
        columns, rows = self.places(xs), self.places(ys)
        column, row = (np.rint(places).astype(np.int64) for places in (columns, rows))
        row, column = row.clip(0, height - 1), column.clip(0, width - 1)
        person = self.person.take(row, 0).take(column, 1)  # (H, W)
        person[part_map == 0] = 0
        # the nearest cell mostly shows the same part; only elsewhere the other eight are read
        other = (self.part.take(row, 0).take(column, 1) != part_map) & (part_map > 0)  # (H, W)
        y, x = np.divmod(np.flatnonzero(other), part_map.shape[1])
        person[y, x] = self._of_same_part(rows[y], columns[x], part_map[y, x])
        return person

    def places(self, positions: np.ndarray) -> np.ndarray:
        """Input coordinates along one axis, in cells."""
        return (positions + 0.5) / self.stride - 0.5

    def _of_same_part(self, rows: np.ndarray, columns: np.ndarray, part: np.ndarray) -> np.ndarray:
        """(S,) person of the best of the nine cells around each place (S,), in cells, that shows a part (S,)."""
        height, width = self.part.shape
        best = np.full(len(rows), np.inf)  # squared distance in cells, plus a penalty for another part
        person = np.zeros(len(rows), np.int32)
        middle_row, middle_column = np.rint(rows).astype(np.int64), np.rint(columns).astype(np.int64)
        for down, right in product((0, -1, 1), repeat=2):
            row, column = (middle_row + down).clip(0, height - 1), (middle_column + right).clip(0, width - 1)
            distance = (row - rows) ** 2 + (column - columns) ** 2 + _OTHER_PART * (self.part[row, column] != part)
            better = distance < best
            best[better] = distance[better]
            person[better] = self.person[row, column][better]
        return person


def nearest_person(points: np.ndarray, people: People) -> tuple[np.ndarray, np.ndarray]:
    """(S,) id of the person whose found joint is nearest to each of the points (S, 2), and (S,) distance to that joint.

    Without joints the ids are 0 and the distances infinite. Of people with a joint at one place, the first counts.
    """
    person, joint = np.nonzero(people.keypoint_scores.numpy() > 0)
    if not len(person) or not len(points):
        return np.zeros(len(points), np.int64), np.full(len(points), np.inf)
    nearest, distance = _nearest(points, people.keypoints.numpy()[person, joint])
    return person[nearest] + 1, distance


def nearest_person_within_box(points: np.ndarray, cells: np.ndarray, people: People) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`nearest_person`, among the people whose box contains the point's cell.

    Args:
        points: (S, 2); where cells land.
        cells: (S, 2); the cells' centres.
        people: With ``bboxes``.
    """
    nearest = np.full(len(points), np.inf)
    owner = np.zeros(len(points), np.int64)
    boxes, joints = people.bboxes.numpy(), people.keypoints.numpy()
    for person, (box, found) in enumerate(zip(boxes, people.keypoint_scores.numpy() > 0, strict=True)):
        inside = np.flatnonzero(((cells >= box[:2]) & (cells <= box[2:])).all(1))
        places = joints[person, found] if found.any() else box.reshape(2, 2).mean(0, keepdims=True)  # (J, 2)
        _, distance = _nearest(points[inside], places)
        nearer = distance < nearest[inside]
        nearest[inside[nearer]] = distance[nearer]
        owner[inside[nearer]] = person + 1
    return owner, nearest


def _nearest(points: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(S,) index of the nearest of the places (J, 2) to each of the points (S, 2), and (S,) distance to it; J > 0.

    Of equal places the first counts.
    """
    if not len(points):
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    # the tree refers to the places, and does not keep them alive
    points, places = (np.ascontiguousarray(xy.clip(-_FARTHEST, _FARTHEST), np.float32) for xy in (points, places))
    tree = cv2.flann.Index(places, dict(algorithm=_EXACT_TREE))
    index, squared = tree.knnSearch(points, 1, params={})  # (S, 1) each
    # x and y in one number; 0 is added as -0 has another one
    _, first, same = np.unique((places + 0).view(np.int64), return_index=True, return_inverse=True)
    nearest = np.asarray(index, np.int64)[:, 0]  # (S,)
    return first[same.reshape(-1)[nearest]], np.sqrt(squared[:, 0])


def _any_part(parts: PartGrid, size: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8; above 0 where a cell of the finest grid touches squares that are not all background."""
    shown = np.where(parts.squares > 0, np.uint8(255), np.uint8(0))
    return cv2.resize(shown, size[::-1], interpolation=cv2.INTER_AREA)
