"""Hard crowds: people of one size who embrace, dance and stand in front of one another, so that grouping is hard.

In an ordinary crowd (:mod:`mmhparse.synthetic.crowd`) joints of one type keep a distance, and a network that finds the
joints groups nearly all of them correctly. Here limbs of one type cross, joints of one type may coincide, and people
who overlap have the same size: which joints belong together can only be read from the limbs.
"""

from typing import Literal

import numpy as np

from .appearance import Appearance
from .composition import Actor, Composition
from .drawing import draw_layer
from .dressing import dress
from .figure import Body, View, pose_figure
from .pose import Pose, sample_angle

Encounter = Literal['embrace', 'dance', 'queue', 'tangle']

ENCOUNTERS: dict[Encounter, tuple[float, float]] = {
    'embrace': (0.10, 0.22),
    'dance': (0.16, 0.36),
    'queue': (0.06, 0.16),
    'tangle': (0.08, 0.26),
}
"""Least and greatest distance between the pelvises of neighbours, in statures."""

_STATURE = (0.62, 0.92)
_SAME_STATURE = 0.03
_MIN_SHARE = 0.22
_TRIES = 12


def compose_hard_crowd(
    rng: np.random.Generator, size: tuple[int, int], num_people: int, light: float, growth: float
) -> Composition | None:
    """Places groups of two to three people who meet each other, from the nearest group to the farthest.

    Args:
        rng: Source of all choices.
        size: (W, H).
        num_people: People in the image.
        light: Where the light comes from: -1 the left, 1 the right.
        growth: In (0, 1]; less makes all people smaller, for an image without room.

    Returns:
        The composition, or None if somebody found no place.
    """
    width, height = size
    scene = Composition(size, min_share=_MIN_SHARE, min_joint_gap=0.0)
    stature = min(size) * growth * rng.uniform(*_STATURE)
    pitch = rng.uniform(2, 8)
    placed = 0
    while placed < num_people:
        left = num_people - placed
        members = left if left <= 3 else int(rng.integers(2, 4)) if left > 4 else 2
        encounter = _ENCOUNTERS[rng.integers(len(_ENCOUNTERS))]
        middle = rng.uniform(0.22, 0.78) * width
        feet = height * rng.uniform(0.86, 0.98)
        gap = rng.uniform(*ENCOUNTERS[encounter])
        for member in range(members):
            own = stature * (1 + _SAME_STATURE * rng.standard_normal())
            x = middle + gap * stature * (member - (members - 1) / 2)
            side = 1.0 if member % 2 == 0 else -1.0  # neighbours look at each other
            if not _place(rng, scene, encounter, side, own, (x, feet), pitch, light):
                return None
        placed += members
    return scene


def _place(
    rng: np.random.Generator,
    scene: Composition,
    encounter: Encounter,
    side: float,
    stature: float,
    foot: tuple[float, float],
    pitch: float,
    light: float,
) -> bool:
    """Tries poses near a place, in pixels, until one can be seen; False if none can."""
    for attempt in range(_TRIES):
        spread = 0.02 + 0.02 * attempt
        figure = pose_figure(Body.sample(rng), _POSES[encounter](rng), _view(rng, encounter, side, pitch))
        layer = draw_layer(dress(figure, Appearance.sample(rng)), stature, light)
        x = round(foot[0] + spread * stature * rng.standard_normal())
        y = round(foot[1] + 0.02 * stature * rng.standard_normal()) - layer.bottom
        if scene.add_person(Actor(layer, figure.joints * stature, figure.turned_away), x, y):
            return True
    return False


def _view(rng: np.random.Generator, encounter: Encounter, side: float, pitch: float) -> View:
    """Who embraces or dances faces the partner; who queues or is in a tangle mostly faces the camera."""
    turn = {'embrace': 62.0, 'dance': 35.0, 'queue': 6.0, 'tangle': 20.0}[encounter]
    return View(side * turn + 12 * rng.standard_normal(), pitch, 5 * rng.standard_normal())


def _trunk(rng: np.random.Generator, lean: float) -> dict:
    return {
        'trunk_lean': sample_angle(rng, 'trunk_lean', lean, 5),
        'head_turn': sample_angle(rng, 'head_turn', 0, 18),
        'head_nod': sample_angle(rng, 'head_nod', 4, 7),
    }


def _pairs(rng: np.random.Generator, **angles: tuple[float, float]) -> dict:
    """Mean and spread of angles -> both sides of each, drawn one by one."""
    return {
        name: (sample_angle(rng, name, mean, spread), sample_angle(rng, name, mean, spread))
        for name, (mean, spread) in angles.items()
    }


def _embracing(rng: np.random.Generator) -> Pose:
    """Arms around the partner."""
    return Pose(
        **_trunk(rng, 6),
        **_pairs(
            rng,
            shoulder_flexion=(72, 16),
            shoulder_abduction=(18, 12),
            elbow_flexion=(28, 14),
            elbow_abduction=(-24, 14),
            hip_flexion=(4, 10),
            hip_abduction=(6, 5),
            knee_flexion=(8, 8),
            foot_turn=(10, 6),
        ),
    )


def _dancing(rng: np.random.Generator) -> Pose:
    """Arms spread to all sides and legs apart."""
    return Pose(
        **_trunk(rng, 4),
        **_pairs(
            rng,
            shoulder_flexion=(25, 30),
            shoulder_abduction=(85, 35),
            elbow_flexion=(25, 20),
            elbow_abduction=(-5, 30),
            hip_flexion=(12, 22),
            hip_abduction=(16, 10),
            knee_flexion=(25, 22),
            foot_turn=(12, 8),
        ),
    )


def _queueing(rng: np.random.Generator) -> Pose:
    """Upright, arms a little away from the body."""
    return Pose(
        **_trunk(rng, 2),
        **_pairs(
            rng,
            shoulder_flexion=(0, 14),
            shoulder_abduction=(28, 16),
            elbow_flexion=(22, 18),
            elbow_abduction=(-10, 14),
            hip_flexion=(1, 8),
            hip_abduction=(10, 6),
            knee_flexion=(4, 5),
            foot_turn=(10, 6),
        ),
    )


def _tangled(rng: np.random.Generator) -> Pose:
    """Any of the others, limb by limb: arms and legs that cross those of the neighbours."""
    return Pose(
        **_trunk(rng, 8),
        **_pairs(
            rng,
            shoulder_flexion=(45, 45),
            shoulder_abduction=(55, 40),
            elbow_flexion=(40, 30),
            elbow_abduction=(-20, 25),
            hip_flexion=(15, 25),
            hip_abduction=(14, 10),
            knee_flexion=(25, 25),
            foot_turn=(10, 8),
        ),
    )


_POSES = {'embrace': _embracing, 'dance': _dancing, 'queue': _queueing, 'tangle': _tangled}
_ENCOUNTERS: tuple[Encounter, ...] = tuple(ENCOUNTERS)
