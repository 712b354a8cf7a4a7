"""Figures: an articulated body in three dimensions, posed and seen by a camera.

Lengths are in statures: a body standing straight is 1 tall. The body's own axes are left, up and forwards; those of
the camera are x to the right, y down and z towards the viewer, so that left and right are correct in every view.
"""

from dataclasses import dataclass

import numpy as np

from mmhparse.structures import COCO_17

from .pose import Pose

POINTS = (
    *COCO_17.joints,
    'left_hand', 'right_hand', 'left_heel', 'right_heel', 'left_toe', 'right_toe',
    'pelvis', 'neck', 'head', 'chest_front', 'chest_back', 'belly', 'back',
)  # fmt: skip
"""Names of a figure's points: the 17 joints, then those that only shape the body."""

_INDEX = {name: index for index, name in enumerate(POINTS)}
_SIDES = (('left', 1.0), ('right', -1.0))

# left, up and forwards from the middle of the head, for a head of ordinary size
_HEAD_POINTS = {
    'nose': (0.0, -0.012, 0.066),
    'left_eye': (0.025, 0.012, 0.055),
    'right_eye': (-0.025, 0.012, 0.055),
    'left_ear': (0.060, 0.0, -0.004),
    'right_ear': (-0.060, 0.0, -0.004),
}


@dataclass(frozen=True)
class Body:
    """Proportions of one person.

    Attributes:
        girth: Thickness of trunk and limbs; 1 is average.
        head: Size of the head; 1 is average.
        shoulder, hip: Half the distance between the two, in statures.
        trunk, thigh, shin, upper_arm, lower_arm: Lengths between joints, in statures.
    """

    girth: float = 1.0
    head: float = 1.0
    shoulder: float = 0.105
    hip: float = 0.055
    trunk: float = 0.285
    thigh: float = 0.245
    shin: float = 0.24
    upper_arm: float = 0.165
    lower_arm: float = 0.14

    @classmethod
    def sample(cls, rng: np.random.Generator) -> 'Body':
        """A random body; each length is up to 6 % longer or shorter than the average."""
        widths = rng.uniform(0.9, 1.1, 2)
        lengths = rng.uniform(0.94, 1.06, 5)
        return cls(
            girth=rng.uniform(0.92, 1.25),
            head=rng.uniform(1.0, 1.25),
            shoulder=cls.shoulder * widths[0],
            hip=cls.hip * widths[1],
            trunk=cls.trunk * lengths[0],
            thigh=cls.thigh * lengths[1],
            shin=cls.shin * lengths[2],
            upper_arm=cls.upper_arm * lengths[3],
            lower_arm=cls.lower_arm * lengths[4],
        )


@dataclass(frozen=True)
class View:
    """Orientation of the camera, in degrees.

    Attributes:
        yaw: 0 shows the front, 180 the back, 90 a person facing the right of the image, -90 the left.
        pitch: Downward angle of the camera.
        roll: Lean of the figure to the right of the image.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    @classmethod
    def sample(cls, rng: np.random.Generator, pitch: float) -> 'View':
        """Mostly from the front, sometimes from the back or a side; mirrored views equally often."""
        yaw = float(rng.choice([0, 180, 90, -90, 45, -45], p=[0.92, 0.04, 0.01, 0.01, 0.01, 0.01]))
        return cls(yaw + 12 * rng.standard_normal(), pitch, 3 * rng.standard_normal())


@dataclass(frozen=True, eq=False)
class Figure:
    """A posed body as the camera sees it.

    Attributes:
        points: (N, 3) float64, rows as in :data:`POINTS`; x right, y down, z towards the viewer, in statures from the
            pelvis. z is without the camera's pitch: it decides which of two neighbours on level ground is in front.
        head_axes: (3, 3) float64; columns are the head's left, up and forward directions in the same axes.
        body: The proportions.
        seated: Whether the pose needs a seat.
    """

    points: np.ndarray
    head_axes: np.ndarray
    body: Body
    seated: bool

    def __getitem__(self, name: str) -> np.ndarray:
        """(3,) the point of that name."""
        return self.points[_INDEX[name]]

    @property
    def joints(self) -> np.ndarray:
        """(17, 2) x, y of the COCO joints, in statures."""
        return self.points[: len(COCO_17), :2]

    @property
    def turned_away(self) -> np.ndarray:
        """(17,) bool; joints on the far side of head or trunk, which that part therefore hides."""
        depth = self.points[:, 2]
        away = np.zeros(len(COCO_17), dtype=bool)
        head = depth[_INDEX['head']]
        away[:3] = depth[:3] < head + 0.015
        away[3:5] = depth[3:5] < head - 0.025
        away[5:7] = depth[5:7] < depth[5:7].mean() - 0.06
        away[11:13] = depth[11:13] < depth[11:13].mean() - 0.035
        return away


def pose_figure(body: Body, pose: Pose, view: View) -> Figure:
    """The body in the pose, seen from the view."""
    points = {'pelvis': np.zeros(3)}
    _add_trunk(points, body, pose)
    head_rotation = _add_head(points, body, pose)
    for index, (side, sign) in enumerate(_SIDES):
        _add_leg(points, body, pose, side, sign, index)
        _add_arm(points, body, pose, side, sign, index)
    camera = _camera(view)
    seen = np.stack([points[name] for name in POINTS]) @ camera.T
    return Figure(seen, camera @ head_rotation, body, seated=pose.activity == 'sitting')


def _add_trunk(points: dict[str, np.ndarray], body: Body, pose: Pose) -> None:
    lean = _rotation_x(pose.trunk_lean)
    top, depth = body.trunk, 0.03 * body.girth
    points['neck'] = lean @ (0.0, top + 0.03, 0.0)
    points['chest_front'] = lean @ (0.0, 0.72 * top, depth)
    points['chest_back'] = lean @ (0.0, 0.72 * top, -depth)
    points['belly'] = lean @ (0.0, 0.25 * top, 0.8 * depth)
    points['back'] = lean @ (0.0, 0.25 * top, -0.6 * depth)
    for side, sign in _SIDES:
        points[f'{side}_shoulder'] = lean @ (sign * body.shoulder, top, 0.0)
        points[f'{side}_hip'] = np.array([sign * body.hip, 0.0, 0.0])


def _add_head(points: dict[str, np.ndarray], body: Body, pose: Pose) -> np.ndarray:
    """Adds head and face; returns the head's rotation (3, 3) relative to the body."""
    rotation = _rotation_y(pose.head_turn) @ _rotation_x(pose.head_nod + 0.5 * pose.trunk_lean)
    points['head'] = points['neck'] + body.head * (rotation @ (0.0, 0.082, 0.012))
    for name, offset in _HEAD_POINTS.items():
        points[name] = points['head'] + body.head * (rotation @ offset)
    return rotation


def _add_leg(points: dict[str, np.ndarray], body: Body, pose: Pose, side: str, sign: float, index: int) -> None:
    flexion, abduction = pose.hip_flexion[index], pose.hip_abduction[index]
    knee = points[f'{side}_hip'] + body.thigh * _direction(flexion, abduction, sign)
    ankle = knee + body.shin * _direction(flexion - pose.knee_flexion[index], 0.5 * abduction, sign)
    turn = np.radians(pose.foot_turn[index])
    forwards = np.array([sign * np.sin(turn), 0.0, np.cos(turn)])
    points[f'{side}_knee'], points[f'{side}_ankle'] = knee, ankle
    points[f'{side}_heel'] = ankle - 0.018 * forwards - (0.0, 0.022, 0.0)
    points[f'{side}_toe'] = ankle + 0.092 * forwards - (0.0, 0.028, 0.0)


def _add_arm(points: dict[str, np.ndarray], body: Body, pose: Pose, side: str, sign: float, index: int) -> None:
    flexion, abduction = pose.shoulder_flexion[index], pose.shoulder_abduction[index]
    elbow = points[f'{side}_shoulder'] + body.upper_arm * _direction(flexion, abduction, sign)
    along = _direction(flexion + pose.elbow_flexion[index], abduction + pose.elbow_abduction[index], sign)
    points[f'{side}_elbow'], points[f'{side}_wrist'] = elbow, elbow + body.lower_arm * along
    points[f'{side}_hand'] = elbow + (body.lower_arm + 0.048) * along


def _direction(flexion: float, abduction: float, sign: float) -> np.ndarray:
    """Unit vector (3,) of a limb that hangs down at angles of 0; ``sign`` is 1 on the left and -1 on the right."""
    flexion, abduction = np.radians(flexion), np.radians(abduction)
    down = np.cos(flexion)
    return np.array([sign * np.sin(abduction) * down, -np.cos(abduction) * down, np.sin(flexion)])


def _rotation_x(degrees: float) -> np.ndarray:
    """Rotation from up towards forwards: a bow."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def _rotation_y(degrees: float) -> np.ndarray:
    """Rotation from forwards towards left: a look over the left shoulder."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])


def _camera(view: View) -> np.ndarray:
    """(3, 3) matrix from the body's axes to x right, y down and z towards the viewer."""
    pitch, roll = np.radians(view.pitch), np.radians(view.roll)
    turned = _rotation_y(view.yaw)
    # seen from above, nearer points are lower in the image
    x, y, z = turned[0], np.sin(pitch) * turned[2] - np.cos(pitch) * turned[1], turned[2]
    return np.stack([np.cos(roll) * x - np.sin(roll) * y, np.sin(roll) * x + np.cos(roll) * y, z])
