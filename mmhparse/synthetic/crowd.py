"""Crowds: people and objects of many sizes, each at a position where it is visible."""

import numpy as np

from .appearance import Appearance
from .composition import Actor, Composition
from .drawing import draw_layer
from .dressing import dress
from .figure import Body, View, pose_figure
from .pose import sample_pose
from .things import sample_thing

SMALLEST, LARGEST = 0.25, 1.05
"""Heights of standing people, as shares of the image's shorter side,"""
MIN_STATURE = 38
"""and at least this many pixels."""

_PLACE_TRIES = 30
_ANY_STATURE_ODDS = 0.08
_THINGS_ODDS = (0.6, 0.3, 0.1)


def compose_crowd(
    rng: np.random.Generator, size: tuple[int, int], num_people: int, light: float, growth: float
) -> Composition | None:
    """Places people, and up to two objects among them, from the nearest to the farthest.

    Args:
        rng: Random generator.
        size: (W, H).
        num_people: P.
        light: Direction of the light: -1 from the left, 1 from the right.
        growth: In (0, 1]; less makes the tallest people smaller, for an image without room.

    Returns:
        The composition; None if there was no position for a person.
    """
    scene = Composition(size)
    statures = _sample_statures(rng, num_people, min(size), growth)
    pitch = rng.uniform(3, 14)
    thing_before = rng.integers(num_people, size=rng.choice(len(_THINGS_ODDS), p=_THINGS_ODDS))
    neighbours: list[tuple[int, float]] = []
    for index, stature in enumerate(statures):
        for _ in range(np.count_nonzero(thing_before == index)):
            neighbours.append((_place_thing(rng, scene, stature, light), stature))
        actor = _sample_actor(rng, stature, pitch, light)
        x = _place_person(rng, scene, actor, stature, neighbours)
        if x is None:
            return None
        neighbours.append((x, stature))
    return scene


def _sample_statures(rng: np.random.Generator, num_people: int, side: int, growth: float) -> np.ndarray:
    """(P,) heights in pixels of people standing straight, tallest first; crowds are smaller.

    Most are tall; a few have any height.
    """
    low, high = (max(share * side, MIN_STATURE) for share in (SMALLEST, LARGEST))
    high = max(high * growth * (1 - 0.04 * (num_people - 1)), low)
    anywhere = rng.random(num_people) < _ANY_STATURE_ODDS
    exponent = np.where(anywhere, rng.random(num_people), rng.beta(8.0, 1.0, num_people))
    return np.sort(low * (high / low) ** exponent)[::-1]


def _sample_actor(rng: np.random.Generator, stature: float, pitch: float, light: float) -> Actor:
    figure = pose_figure(Body.sample(rng), sample_pose(rng), View.sample(rng, pitch))
    layer = draw_layer(dress(figure, Appearance.sample(rng)), stature, light)
    return Actor(layer, figure.joints * stature, figure.turned_away)


def _place_thing(rng: np.random.Generator, scene: Composition, stature: float, light: float) -> int:
    """Places an object where people of that height stand; returns its column."""
    width, height = scene.size
    layer = draw_layer(sample_thing(rng), stature * rng.uniform(0.6, 1.0), light)
    x = int(rng.integers(width))
    scene.add(layer, x, int(height * rng.uniform(0.5, 0.9)))
    return x


def _place_person(
    rng: np.random.Generator, scene: Composition, actor: Actor, stature: float, neighbours: list[tuple[int, float]]
) -> int | None:
    """Finds a position, often beside a person or object; returns its column, or None if all tries failed.

    The taller people are in the image, the nearer they are and the lower their feet.
    """
    width, height = scene.size
    nearness = stature / min(scene.size)
    for _ in range(_PLACE_TRIES):
        if neighbours and rng.random() < 0.5:
            beside, other = neighbours[rng.integers(len(neighbours))]
            x = round(beside + rng.choice([-1, 1]) * rng.uniform(0.12, 0.32) * (stature + other) / 2)
        else:
            x = round(rng.uniform(0, width))
        feet = round(height * (0.5 + 0.5 * nearness + rng.uniform(-0.08, 0.06 + 0.25 * nearness)))
        if scene.add_person(actor, x, feet - actor.layer.bottom):
            return x
    return None
