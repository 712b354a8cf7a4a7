"""Part sets: the part classes of a data set, their left-right partners and their colours."""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from .left_right import left_right_pairs

IGNORE = 255
"""Label of pixels that take part in no loss and no score, in part maps and person maps alike."""


@dataclass(frozen=True)
class PartSet:
    """Part classes; class 0 is the background.

    Args:
        name: What the part set is called in configs.
        parts: Names of the C classes, the background first.
        swaps: Pairs of class indices that change places when an image is mirrored. If not given, classes whose names
            differ in ``left`` and ``right`` do.

    Raises:
        ValueError: If an index lies outside the classes, a name comes twice, or there are more than 255.
    """

    name: str
    parts: Sequence[str]
    swaps: Sequence[tuple[int, int]] | None = None
    flip_indices: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, 'parts', tuple(self.parts))
        swaps = left_right_pairs(self.parts) if self.swaps is None else tuple(map(tuple, self.swaps))
        object.__setattr__(self, 'swaps', swaps)
        if not 2 <= len(self.parts) <= IGNORE:
            raise ValueError(f"Part set '{self.name}': expected 2 to {IGNORE} classes, got {len(self.parts)}.")
        if len(set(self.parts)) < len(self.parts):
            raise ValueError(f"Part set '{self.name}': a part has one name and one class, but some names come twice.")
        flip = list(range(len(self.parts)))
        for left, right in self.swaps:
            if not (0 < left < len(flip) and 0 < right < len(flip)):
                raise ValueError(f"Part set '{self.name}': swap ({left}, {right}) is not a pair of part classes.")
            flip[left], flip[right] = right, left
        object.__setattr__(self, 'flip_indices', tuple(flip))

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """RGB colours of the C classes: black background, then evenly spread hues, neighbours in number far apart."""
        colours = [(0, 0, 0)]
        classes = len(self.parts) - 1
        step = next(step for step in range(round(0.382 * classes) or 1, classes + 1) if math.gcd(step, classes) == 1)
        for index in range(classes):
            hue, value = index * step % classes / classes, (1.0, 0.8)[index % 2]
            colours.append(tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue, 0.75, value)))
        return tuple(colours)
