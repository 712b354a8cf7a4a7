"""Poses: the joint angles of a body, sampled for a few everyday activities, within anatomical limits."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Activity = Literal['standing', 'walking', 'sitting', 'raising_arms', 'reaching']

ACTIVITIES = {'standing': 0.42, 'walking': 0.24, 'sitting': 0.06, 'raising_arms': 0.16, 'reaching': 0.12}
"""Probability of each activity."""

ANGLE_LIMITS = {
    'trunk_lean': (-10, 30),
    'head_turn': (-60, 60),
    'head_nod': (-20, 25),
    'hip_flexion': (-25, 100),
    'hip_abduction': (-5, 35),
    'knee_flexion': (0, 130),
    'shoulder_flexion': (-45, 170),
    'shoulder_abduction': (-5, 165),
    'elbow_flexion': (0, 140),
    'elbow_abduction': (-80, 40),
    'foot_turn': (-5, 25),
}
"""Range of each angle in degrees; 0 everywhere is a body standing straight with hanging arms."""


@dataclass(frozen=True)
class Pose:
    """Joint angles in degrees; pairs are (left, right) from the person's own view.

    Flexion rotates a limb forwards in the body's sagittal plane (at the knee: backwards), and abduction away from the
    midline; the angles of knee and elbow add to those of the limb above.

    Raises:
        ValueError: If an angle is outside :data:`ANGLE_LIMITS`.
    """

    activity: Activity = 'standing'
    trunk_lean: float = 0.0
    head_turn: float = 0.0
    head_nod: float = 0.0
    hip_flexion: tuple[float, float] = (0.0, 0.0)
    hip_abduction: tuple[float, float] = (0.0, 0.0)
    knee_flexion: tuple[float, float] = (0.0, 0.0)
    shoulder_flexion: tuple[float, float] = (0.0, 0.0)
    shoulder_abduction: tuple[float, float] = (0.0, 0.0)
    elbow_flexion: tuple[float, float] = (0.0, 0.0)
    elbow_abduction: tuple[float, float] = (0.0, 0.0)
    foot_turn: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self):
        for name, (low, high) in ANGLE_LIMITS.items():
            angles = getattr(self, name)
            for angle in angles if isinstance(angles, tuple) else (angles,):
                if not low <= angle <= high:
                    raise ValueError(f'{name} must be between {low} and {high} degrees, got {angle}.')


def sample_pose(rng: np.random.Generator) -> Pose:
    """A random pose of a random activity."""
    activity = str(rng.choice(list(ACTIVITIES), p=list(ACTIVITIES.values())))
    return _ACTIVITY_SAMPLERS[activity](_AngleSampler(rng))


def sample_angle(rng: np.random.Generator, name: str, mean: float, spread: float) -> float:
    """A normal angle in degrees, clipped to its range in :data:`ANGLE_LIMITS`."""
    low, high = ANGLE_LIMITS[name]
    return min(max(mean + spread * rng.standard_normal(), low), high)


class _AngleSampler:
    """Samples normal angles, clipped to their limits, and which side has which."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def one(self, name: str, mean: float, spread: float) -> float:
        return sample_angle(self.rng, name, mean, spread)

    def pair(self, name: str, mean: float | tuple[float, float], spread: float) -> tuple[float, float]:
        left, right = mean if isinstance(mean, tuple) else (mean, mean)
        return self.one(name, left, spread), self.one(name, right, spread)

    def sided(self, one: float, other: float) -> tuple[float, float]:
        """One angle for the left and the other for the right, or vice versa."""
        return (one, other) if self.rng.random() < 0.5 else (other, one)

    def upper_body(self) -> dict:
        return {
            'trunk_lean': self.one('trunk_lean', 2, 5),
            'head_turn': self.one('head_turn', 0, 18),
            'head_nod': self.one('head_nod', 4, 7),
        }

    def hanging_arms(self, swing: float = 0.0) -> dict:
        """Arms beside the body; with ``swing > 0``, the left arm is in front."""
        return {
            'shoulder_flexion': self.pair('shoulder_flexion', (swing, -swing), 8),
            'shoulder_abduction': self.pair('shoulder_abduction', 16, 7),
            'elbow_flexion': self.pair('elbow_flexion', 18, 12),
            'elbow_abduction': self.pair('elbow_abduction', -8, 5),
        }

    def straight_legs(self) -> dict:
        return {
            'hip_flexion': self.pair('hip_flexion', 1, 3),
            'hip_abduction': self.pair('hip_abduction', 6, 4),
            'knee_flexion': self.pair('knee_flexion', 3, 3),
            'foot_turn': self.pair('foot_turn', 10, 6),
        }


def _standing(sampler: _AngleSampler) -> Pose:
    arms = sampler.hanging_arms()
    if sampler.rng.random() < 0.3:
        arms |= {
            # hands on the hips
            'shoulder_abduction': sampler.pair('shoulder_abduction', 48, 6),
            'elbow_abduction': sampler.pair('elbow_abduction', -78, 4),
        }
    return Pose('standing', **sampler.upper_body(), **arms, **sampler.straight_legs())


def _walking(sampler: _AngleSampler) -> Pose:
    """Arms swing against the legs; the knee of the leg behind bends."""
    stride = 20 + 12 * sampler.rng.random()
    left, right = sampler.sided(stride, -0.6 * stride)
    behind = sampler.one('knee_flexion', 35, 12)
    return Pose(
        'walking',
        **sampler.upper_body(),
        **sampler.hanging_arms(swing=-0.8 * left),
        hip_flexion=(left, right),
        hip_abduction=sampler.pair('hip_abduction', 3, 2),
        knee_flexion=(5.0, behind) if left > right else (behind, 5.0),
        foot_turn=sampler.pair('foot_turn', 4, 4),
    )


def _sitting(sampler: _AngleSampler) -> Pose:
    """Thighs level, hands towards the knees."""
    return Pose(
        'sitting',
        **sampler.upper_body(),
        hip_flexion=sampler.pair('hip_flexion', 82, 6),
        hip_abduction=sampler.pair('hip_abduction', 12, 6),
        knee_flexion=sampler.pair('knee_flexion', 82, 12),
        shoulder_flexion=sampler.pair('shoulder_flexion', 28, 9),
        shoulder_abduction=sampler.pair('shoulder_abduction', 16, 6),
        elbow_flexion=sampler.pair('elbow_flexion', 32, 14),
        elbow_abduction=sampler.pair('elbow_abduction', -8, 6),
        foot_turn=sampler.pair('foot_turn', 8, 6),
    )


def _raising_arms(sampler: _AngleSampler) -> Pose:
    """Both arms up, or one up and one hanging."""
    both = sampler.rng.random() < 0.5
    raised, hanging = sampler.one('shoulder_abduction', 130, 20), 15.0
    return Pose(
        'raising_arms',
        **sampler.upper_body(),
        **sampler.straight_legs(),
        shoulder_flexion=sampler.pair('shoulder_flexion', 0, 8),
        shoulder_abduction=(raised, raised) if both else sampler.sided(raised, hanging),
        elbow_flexion=sampler.pair('elbow_flexion', 18, 15),
        elbow_abduction=sampler.pair('elbow_abduction', 10, 14),
    )


def _reaching(sampler: _AngleSampler) -> Pose:
    """One arm stretched forwards or sideways, the other hanging."""
    arms = sampler.hanging_arms()
    name, mean = ('shoulder_flexion', 75) if sampler.rng.random() < 0.5 else ('shoulder_abduction', 80)
    stretched = sampler.one(name, mean, 18)
    side = int(sampler.rng.integers(2))
    arms[name] = (stretched, arms[name][1]) if side == 0 else (arms[name][0], stretched)
    return Pose('reaching', **sampler.upper_body(), **arms, **sampler.straight_legs())


_ACTIVITY_SAMPLERS = {
    'standing': _standing,
    'walking': _walking,
    'sitting': _sitting,
    'raising_arms': _raising_arms,
    'reaching': _reaching,
}
