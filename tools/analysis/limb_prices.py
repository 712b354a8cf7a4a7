"""Prices of links, shifted for decoding: a loss moves the scale of limb scores, and the best price with it.

Trainings are compared fairly only if each is decoded with the price that suits it, chosen on other images.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from mmhparse.codecs import DifferentiableGroupingCodec

PRICE_SHIFTS = (-0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2)
"""What is tried in addition to the config's price."""


@contextmanager
def shift_price(codec: DifferentiableGroupingCodec, shift: float) -> Iterator[None]:
    """Decodes with all prices of links higher by ``shift``, in units of the limb score, until the context ends.

    Prices that the network learned stand: they are its own choice.
    """
    options = codec.limb_options
    price = options.price
    shifted = price + shift if isinstance(price, (int, float)) else [each + shift for each in price]
    codec.limb_options = replace(options, price=shifted)
    try:
        yield
    finally:
        codec.limb_options = options


def best_shift(scores: Mapping[float, float]) -> float:
    """The shift of the highest score; of equals, the nearest to the config's price."""
    return max(scores, key=lambda shift: (scores[shift], -abs(shift)))
