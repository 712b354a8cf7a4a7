"""Objects: poles, boxes, balls, bushes and bars like limbs, which stand behind people or in front of them."""

from collections.abc import Callable

import numpy as np

from .appearance import Appearance, random_colour, random_fabric
from .drawing import Fabric, Stroke


def sample_thing(rng: np.random.Generator) -> list[Stroke]:
    """Strokes of a random object of about the size of a person, in statures from its middle."""
    kind = _KINDS[rng.integers(len(_KINDS))]
    return kind(rng)


def _thing(discs: list[tuple[float, float, float]], fabric: Fabric, depth: float = 0.0) -> Stroke:
    return Stroke(0, np.array(discs), depth, fabric)


def _pole(rng: np.random.Generator) -> list[Stroke]:
    radius, lean = rng.uniform(0.015, 0.05), rng.uniform(-0.1, 0.1)
    return [_thing([(lean, -0.8, radius), (-lean, 0.5, radius)], random_fabric(rng, plain=0.7))]


def _box(rng: np.random.Generator) -> list[Stroke]:
    half_width, half_height = rng.uniform(0.08, 0.25, 2)
    corners = [(x, y, 0.01) for x in (-half_width, half_width) for y in (-half_height, half_height)]
    return [_thing(corners, random_fabric(rng, plain=0.5))]


def _ball(rng: np.random.Generator) -> list[Stroke]:
    return [_thing([(0.0, 0.0, rng.uniform(0.05, 0.13))], random_fabric(rng, plain=0.5))]


def _bush(rng: np.random.Generator) -> list[Stroke]:
    fabric = random_fabric(rng, plain=0.8)
    return [
        _thing([(x, y, radius)], fabric, depth=index)
        for index, (x, y, radius) in enumerate(rng.uniform((-0.18, -0.12, 0.05), (0.18, 0.12, 0.13), (6, 3)))
    ]


def _bars(rng: np.random.Generator) -> list[Stroke]:
    """Bent bars in the colours of skin and clothes: limbs without a person."""
    person = Appearance.sample(rng)
    strokes = []
    for index in range(2):
        start, middle, end = rng.uniform(-0.25, 0.25, (3, 2))
        thick, thin = rng.uniform(0.025, 0.05, 2)
        strokes.append(_thing([(*start, thick), (*middle, thin)], person.top, index))
        strokes.append(_thing([(*middle, thin), (*end, thin)], Fabric(person.skin), index + 0.5))
    return strokes


def _post_with_head(rng: np.random.Generator) -> list[Stroke]:
    """A signpost or lamp: a ball on a pole, as high as a person."""
    colour = Fabric(random_colour(rng))
    radius = rng.uniform(0.05, 0.09)
    return [
        _thing([(0, -0.4, 0.015), (0, 0.5, 0.015)], colour),
        _thing([(0, -0.42, radius)], random_fabric(rng, 0.5), 1.0),
    ]


_KINDS: tuple[Callable[[np.random.Generator], list[Stroke]], ...] = (_pole, _box, _ball, _bush, _bars, _post_with_head)
