"""Compositions: the person or object at each pixel, filled from the nearest layer to the farthest."""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures import COCO_17, DENSEPOSE_14, ParseAnnotation

from .drawing import Layer

MIN_PIXELS = 60
"""A person has at least so many visible pixels,"""
MIN_SHARE = 0.35
"""at least this share of all its pixels visible,"""
MIN_JOINTS = 5
"""and at least so many joints in the image."""
MIN_JOINT_GAP = 8.0
"""Minimum distance in pixels of joints of one type: closer than two cells of stride 4, they share a heatmap peak."""

# the parts that show each joint, those on both sides of it
_PARTS_AT_JOINT = {
    'shoulder': ('torso', '{side}_upper_arm'),
    'elbow': ('{side}_upper_arm', '{side}_lower_arm'),
    'wrist': ('{side}_lower_arm', '{side}_hand'),
    'hip': ('torso', '{side}_upper_leg'),
    'knee': ('{side}_upper_leg', '{side}_lower_leg'),
    'ankle': ('{side}_lower_leg', '{side}_foot'),
}


def _joints_shown_by_parts() -> np.ndarray:
    """(K, C) bool; whether a pixel of part c at the joint k shows that joint."""
    shown = np.zeros((len(COCO_17), len(DENSEPOSE_14)), dtype=bool)
    for row, name in zip(shown, COCO_17.joints, strict=True):
        side, _, joint = name.partition('_')
        for part in _PARTS_AT_JOINT.get(joint, ('head',)):
            row[DENSEPOSE_14.parts.index(part.format(side=side))] = True
    return shown


_SHOWN_BY = _joints_shown_by_parts()


@dataclass(frozen=True, eq=False)
class Actor:
    """A rendered person without a position.

    Attributes:
        layer: Its pixels, relative to the pelvis.
        joints: (17, 2) x, y in pixels, relative to the pelvis.
        turned_away: (17,) bool; joints that the person's own body always hides.
    """

    layer: Layer
    joints: np.ndarray
    turned_away: np.ndarray


class Composition:
    """Layers in one image. Each is placed behind all earlier ones, so that visible people stay visible.

    Args:
        size: (W, H).
        min_share: Share of its pixels that each person shows at least.
        min_joint_gap: Pixels between joints of one type of two people, at least.
    """

    def __init__(self, size: tuple[int, int], min_share: float = MIN_SHARE, min_joint_gap: float = MIN_JOINT_GAP):
        width, height = size
        self.size = size
        self.min_share = min_share
        self.min_joint_gap = min_joint_gap
        self._covered = np.zeros((height, width), dtype=bool)
        self._part_map = np.zeros((height, width), dtype=np.uint8)
        self._person_map = np.zeros((height, width), dtype=np.int32)
        self._joints: list[np.ndarray] = []
        self._placed: list[tuple[Layer, int, int]] = []

    def add(self, layer: Layer, x: int, y: int) -> None:
        """Places a layer with its origin at pixel (x, y); its parts, if any, belong to the next person."""
        window, cut = layer.overlap(x, y, self._covered.shape)
        visible = layer.solid[cut] & ~self._covered[window]
        parts = layer.parts[cut][visible]
        self._part_map[window][visible] = parts
        self._person_map[window][visible] = np.where(parts > 0, len(self._joints) + 1, 0)
        self._covered[window] |= layer.solid[cut]
        self._placed.append((layer, x, y))

    def add_person(self, actor: Actor, x: int, y: int) -> bool:
        """Places a person with its pelvis at pixel (x, y), unless it would be hidden or confusable; returns whether."""
        points = actor.joints + (x, y)
        width, height = self.size
        inside = np.all((points >= -0.5) & (points < (width - 0.5, height - 0.5)), axis=1)  # (17,)
        if inside.sum() < MIN_JOINTS or self._is_hidden(actor.layer, x, y) or self._is_confusable(points, inside):
            return False
        self.add(actor.layer, x, y)
        self._joints.append(self._judge_joints(points, inside, actor.turned_away))
        return True

    def paint_on(self, image: np.ndarray) -> None:
        """Renders all layers over ``image`` (H, W, 3) uint8, farthest first, in place."""
        for layer, x, y in reversed(self._placed):
            layer.paint_on(image, x, y)

    def annotation(self) -> ParseAnnotation:
        """The truth of at least one person."""
        people = range(1, len(self._joints) + 1)
        boxes = np.array([_tight_box(self._person_map == person) for person in people], dtype=np.float32)
        return ParseAnnotation(self._part_map, self._person_map, np.stack(self._joints), boxes)

    def _is_hidden(self, layer: Layer, x: int, y: int) -> bool:
        window, cut = layer.overlap(x, y, self._covered.shape)
        visible = np.count_nonzero((layer.parts[cut] > 0) & ~self._covered[window])
        return bool(visible < max(MIN_PIXELS, self.min_share * np.count_nonzero(layer.parts)))

    def _is_confusable(self, points: np.ndarray, inside: np.ndarray) -> bool:
        for other in self._joints:
            gaps = np.hypot(*(points - other[:, :2]).T)
            if (gaps[inside & (other[:, 2] > 0)] < self.min_joint_gap).any():
                return True
        return False

    def _judge_joints(self, points: np.ndarray, inside: np.ndarray, turned_away: np.ndarray) -> np.ndarray:
        """(17, 3) float32 joints, with visibility, of the person of the last added layer."""
        joints = np.zeros((len(points), 3), dtype=np.float32)
        joints[inside, :2] = points[inside]
        columns, rows = np.floor(joints[:, :2] + 0.5).astype(int).T
        own = self._person_map[rows, columns] == len(self._joints) + 1
        seen = own & _SHOWN_BY[np.arange(len(points)), self._part_map[rows, columns]] & ~turned_away
        joints[inside, 2] = 1 + seen[inside]
        return joints


def _tight_box(mask: np.ndarray) -> np.ndarray:
    """(4,) x1, y1, x2, y2: the first and last column and row of the mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1], rows[-1]])
