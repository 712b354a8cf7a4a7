"""Part sets: the part classes of a data set, their left-right partners and their colours."""

import colorsys
import math
from dataclasses import dataclass, field

IGNORE = 255
"""Label of pixels that take part in no loss and no score, in part maps and person maps alike."""


@dataclass(frozen=True)
class PartSet:
    """Part classes; class 0 is the background.

    Args:
        name: What the part set is called in configs.
        parts: Names of the C classes, the background first.
        swaps: Pairs of class indices that change places when an image is mirrored.

    Raises:
        ValueError: If an index lies outside the classes, or there are more than 255.
    """

    name: str
    parts: tuple[str, ...]
    swaps: tuple[tuple[int, int], ...]
    flip_indices: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self):
        if not 2 <= len(self.parts) <= IGNORE:
            raise ValueError(f"Part set '{self.name}': expected 2 to {IGNORE} classes, got {len(self.parts)}.")
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


DENSEPOSE_14 = PartSet(
    name='densepose_14',
    parts=(
        'background', 'torso', 'right_hand', 'left_hand', 'left_foot', 'right_foot', 'right_upper_leg',
        'left_upper_leg', 'right_lower_leg', 'left_lower_leg', 'left_upper_arm', 'right_upper_arm', 'left_lower_arm',
        'right_lower_arm', 'head',
    ),
    swaps=((2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (12, 13)),
)  # fmt: skip

_PART_SETS = {parts.name: parts for parts in (DENSEPOSE_14,)}


def get_part_set(parts: str | PartSet) -> PartSet:
    """Returns the part set of that name, or the one given.

    Raises:
        ValueError: If no part set has that name.
    """
    if isinstance(parts, PartSet):
        return parts
    if parts not in _PART_SETS:
        raise ValueError(f"There is no part set '{parts}'; choose one of {sorted(_PART_SETS)} or pass a PartSet.")
    return _PART_SETS[parts]
