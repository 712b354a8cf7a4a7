"""Appearances: colours and clothes of a person, independent of the pose."""

import colorsys
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .drawing import Colour, Fabric

Sleeves = Literal['none', 'short', 'long']
Legwear = Literal['trousers', 'shorts', 'skirt']
Hair = Literal['none', 'short', 'long']
_SLEEVES: tuple[Sleeves, ...] = ('none', 'short', 'long')
_LEGWEAR: tuple[Legwear, ...] = ('trousers', 'shorts', 'skirt')
_HAIR: tuple[Hair, ...] = ('none', 'short', 'long')

# BGR
_SKINS = ((190, 210, 240), (160, 188, 226), (122, 160, 208), (92, 130, 182), (66, 98, 146), (48, 70, 106))
_HAIRS = ((28, 26, 24), (36, 50, 72), (44, 76, 118), (96, 152, 198), (60, 88, 168), (170, 172, 176))
_PATTERNS = ('plain', 'stripes', 'bars', 'checks', 'dots')


@dataclass(frozen=True)
class Appearance:
    """Colours and clothes of one person.

    Attributes:
        skin, hair_colour, shoes: BGR.
        top, bottom: Fabrics on trunk and legs.
        hat, backpack: Their fabrics; None without.
    """

    skin: Colour
    hair_colour: Colour
    shoes: Colour
    top: Fabric
    bottom: Fabric
    sleeves: Sleeves
    legwear: Legwear
    hair: Hair
    hat: Fabric | None
    backpack: Fabric | None

    @classmethod
    def sample(cls, rng: np.random.Generator) -> 'Appearance':
        """A random person in random clothes."""
        skin = np.array(_SKINS[rng.integers(len(_SKINS))]) * rng.uniform(0.9, 1.08)
        hair_colour = np.array(_HAIRS[rng.integers(len(_HAIRS))]) * rng.uniform(0.8, 1.2)
        return cls(
            skin=_bgr(skin),
            hair_colour=_bgr(hair_colour),
            shoes=random_colour(rng),
            top=random_fabric(rng, plain=0.4),
            bottom=random_fabric(rng, plain=0.7),
            sleeves=_SLEEVES[rng.choice(3, p=[0.15, 0.4, 0.45])],
            legwear=_LEGWEAR[rng.choice(3, p=[0.55, 0.25, 0.2])],
            hair=_HAIR[rng.choice(3, p=[0.08, 0.57, 0.35])],
            hat=random_fabric(rng, plain=0.8) if rng.random() < 0.15 else None,
            backpack=random_fabric(rng, plain=0.8) if rng.random() < 0.12 else None,
        )


def random_colour(rng: np.random.Generator, most_saturated: float = 0.85) -> Colour:
    """BGR of any hue; greys, pale and dark colours as often as bright ones."""
    hue, saturation, value = rng.random(), most_saturated * rng.random() ** 1.5, rng.uniform(0.12, 0.95)
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return _bgr((255 * blue, 255 * green, 255 * red))


def random_fabric(rng: np.random.Generator, plain: float) -> Fabric:
    """A fabric without pattern with probability ``plain``."""
    pattern = 'plain' if rng.random() < plain else _PATTERNS[rng.integers(1, len(_PATTERNS))]
    return Fabric(random_colour(rng), pattern, random_colour(rng), rng.uniform(0.035, 0.09))


def _bgr(colour) -> Colour:
    blue, green, red = (int(min(max(value, 0), 255)) for value in colour)
    return blue, green, red
