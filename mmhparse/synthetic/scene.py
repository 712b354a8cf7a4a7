"""Synthetic scenes: several people and objects in one image, with exact truth."""

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from mmhparse.structures import ParseAnnotation

from .crowd import compose_crowd
from .hard_crowd import compose_hard_crowd
from .scenery import paint_background

Crowd = Literal['ordinary', 'hard']
"""``'hard'``: people of one size who embrace, dance and stand in front of one another."""

MAX_PEOPLE = 8
MIN_SIDE = 64

_PEOPLE_ODDS = (0.38, 0.34, 0.13, 0.06, 0.04, 0.02, 0.02, 0.01)
_SCENE_TRIES = {'ordinary': 8, 'hard': 24}
_COMPOSERS = {'ordinary': compose_crowd, 'hard': compose_hard_crowd}


@dataclass(frozen=True, eq=False)
class SyntheticScene:
    """An image and its truth.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        annotation: Part map of ``DENSEPOSE_14``, person map, joints of ``COCO_17`` and boxes around the visible pixels
            (first and last column and row, inclusive).
    """

    image: np.ndarray
    annotation: ParseAnnotation


def synthetic_scene(
    seed: int,
    size: tuple[int, int] = (256, 192),
    num_people: int | None = None,
    crowd: Crowd = 'ordinary',
) -> SyntheticScene:
    """Renders people of many sizes, poses and clothes, who occlude one another and stand behind objects.

    Some of them are cut off by the border of the image.

    The truth is exact: a pixel belongs to the person or object at its centre. A joint is visible (2) if its pixel shows
    a part of its own person that ends there, and hidden (1) behind its own body, another person or an object; outside
    of the image it is unlabelled (0, at the origin). Left and right are the person's own. Each person has at least 60
    visible pixels and 5 joints in the image, joints of one type are at least 8 pixels apart, and ids run from the
    nearest person, 1, to the farthest.

    Args:
        seed: Seed of the scene; the same arguments return the same scene.
        size: (W, H), at least 64 each. Standing people are 25 to 105 % of the shorter side tall, and at least 38
            pixels.
        num_people: 1 to 8; None for a random number, 1 to 8.
        crowd: ``'ordinary'``, or ``'hard'``: groups of people of one size, 62 to 92 % of the shorter side, who embrace,
            dance and stand in front of one another. Limbs of one type cross, joints of one type may coincide, and a
            person may show as little as 22 % of its pixels (of ordinary crowds 35 %).

    Raises:
        ValueError: If an argument is out of range, or the image is too small for so many people.
    """
    _check_arguments(seed, size, num_people, crowd)
    rng = np.random.default_rng(seed)
    if num_people is None:
        num_people = 1 + int(rng.choice(MAX_PEOPLE, p=_PEOPLE_ODDS))
    light = float(rng.choice([-1.0, 1.0]))
    image = paint_background(rng, size, light)
    for attempt in range(_SCENE_TRIES[crowd]):
        composition = _COMPOSERS[crowd](rng, size, num_people, light, growth=0.9**attempt)
        if composition is not None:
            composition.paint_on(image)
            return SyntheticScene(_photograph(rng, image), composition.annotation())
    raise ValueError(f'{num_people} people do not fit an image of size (W, H) = {tuple(size)}; use a larger one.')


def _check_arguments(seed: int, size: tuple[int, int], num_people: int | None, crowd: str) -> None:
    if crowd not in get_args(Crowd):
        raise ValueError(f'crowd must be one of {get_args(Crowd)}, got {crowd!r}.')
    if not _is_integer(seed) or seed < 0:
        raise ValueError(f'seed must be an integer of at least 0, got {seed!r}.')
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise ValueError(f'size must be a pair (W, H), got {size!r}.')
    if not all(_is_integer(side) and side >= MIN_SIDE for side in size):
        raise ValueError(f'size must be (W, H), integers of at least {MIN_SIDE}, got {size!r}.')
    if num_people is not None and not (_is_integer(num_people) and 1 <= num_people <= MAX_PEOPLE):
        raise ValueError(f'num_people must be None or an integer from 1 to {MAX_PEOPLE}, got {num_people!r}.')


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The image as a camera records it: slightly blurred, with noise, darker or brighter."""
    sigma = rng.uniform(0.0, 0.8)
    if sigma > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    contrast, brightness, grain = rng.uniform((0.75, -15, 1), (1.15, 25, 6)).astype(np.float32)
    photo = grain * rng.standard_normal(image.shape, dtype=np.float32)
    photo += contrast * image + brightness
    return photo.clip(0, 255).astype(np.uint8)
