"""Part sets: the part classes of a data set, their left-right partners and colours, and those known by name."""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from .left_right import left_right_pairs

IGNORE = 255
"""Label of pixels that take part in no loss and no score, in part maps and in person maps."""


@dataclass(frozen=True, init=False)
class PartSet:
    """Part classes; class 0 is the background.

    Args:
        name: What the part set is called in configs.
        parts: Names of the C classes, the background first.
        swaps: Pairs of class indices that change places when an image is mirrored. By default, classes whose names
            differ in ``left`` and ``right`` do.

    Attributes:
        flip_indices: C indices; class c of a mirrored image is class ``flip_indices[c]`` of the image.

    Raises:
        ValueError: If an index lies outside the classes, a name comes twice, or there are more than 255.
    """

    name: str
    parts: tuple[str, ...]
    swaps: tuple[tuple[int, int], ...]
    flip_indices: tuple[int, ...] = field(init=False, repr=False)

    def __init__(self, name: str, parts: Sequence[str], swaps: Sequence[tuple[int, int]] | None = None):
        parts = tuple(parts)
        if not 2 <= len(parts) <= IGNORE:
            raise ValueError(f"Part set '{name}': expected 2 to {IGNORE} classes, got {len(parts)}.")
        if len(set(parts)) < len(parts):
            raise ValueError(f"Part set '{name}': a part has one name and one class, but some names come twice.")
        swaps = left_right_pairs(parts) if swaps is None else tuple((left, right) for left, right in swaps)
        flip = list(range(len(parts)))
        for left, right in swaps:
            if not (0 < left < len(flip) and 0 < right < len(flip)):
                raise ValueError(f"Part set '{name}': swap ({left}, {right}) is not a pair of part classes.")
            flip[left], flip[right] = right, left
        # attributes of a frozen dataclass are set through object
        for attribute, value in dict(name=name, parts=parts, swaps=swaps, flip_indices=tuple(flip)).items():
            object.__setattr__(self, attribute, value)

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """RGB colours of the C classes: black background, then evenly spread hues, neighbours in number far apart."""
        colours: list[tuple[int, int, int]] = [(0, 0, 0)]
        classes = len(self.parts) - 1
        step = next(step for step in range(round(0.382 * classes) or 1, classes + 1) if math.gcd(step, classes) == 1)
        for index in range(classes):
            hue, value = index * step % classes / classes, (1.0, 0.8)[index % 2]
            red, green, blue = (round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, 0.75, value))
            colours.append((red, green, blue))
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

# Zhao et al., "Understanding Humans in Crowded Scenes" (ACM MM 2018); order of the released reader
MHP_V2_58 = PartSet(
    name='mhp_v2_58',
    parts=(
        'background', 'cap', 'helmet', 'face', 'hair', 'left_arm', 'right_arm', 'left_hand', 'right_hand', 'protector',
        'bikini', 'jacket', 't_shirt', 'polo_shirt', 'sweater', 'singlet', 'torso_skin', 'pants', 'shorts', 'skirt',
        'stockings', 'socks', 'left_boot', 'right_boot', 'left_shoe', 'right_shoe', 'left_highheel', 'right_highheel',
        'left_sandal', 'right_sandal', 'left_leg', 'right_leg', 'left_foot', 'right_foot', 'coat', 'dress', 'robe',
        'jumpsuit', 'other_full_body_clothes', 'headwear', 'backpack', 'ball', 'bats', 'belt', 'bottle', 'carrybag',
        'cases', 'sunglasses', 'eyewear', 'glove', 'scarf', 'umbrella', 'wallet', 'watch', 'wristband', 'tie',
        'other_accessory', 'other_upper_body_clothes', 'other_lower_body_clothes',
    ),
)  # fmt: skip

# Gong et al., "Instance-level Human Parsing via Part Grouping Network" (ECCV 2018)
CIHP_19 = PartSet(
    name='cihp_19',
    parts=(
        'background', 'hat', 'hair', 'glove', 'sunglasses', 'upper_clothes', 'dress', 'coat', 'socks', 'pants',
        'torso_skin', 'scarf', 'skirt', 'face', 'left_arm', 'right_arm', 'left_leg', 'right_leg', 'left_shoe',
        'right_shoe',
    ),
)  # fmt: skip

# Liang et al., "Deep Human Parsing with Active Template Regression" (TPAMI 2015)
ATR_18 = PartSet(
    name='atr_18',
    parts=(
        'background', 'hat', 'hair', 'sunglasses', 'upper_clothes', 'skirt', 'pants', 'dress', 'belt', 'left_shoe',
        'right_shoe', 'face', 'left_leg', 'right_leg', 'left_arm', 'right_arm', 'bag', 'scarf',
    ),
)  # fmt: skip

# the order of the semantic release; left and right are one class
PASCAL_PERSON_PART_6 = PartSet(
    name='pascal_person_part_6',
    parts=('background', 'head', 'torso', 'upper_arms', 'lower_arms', 'upper_legs', 'lower_legs'),
)

_PART_SETS = {parts.name: parts for parts in (DENSEPOSE_14, MHP_V2_58, CIHP_19, ATR_18, PASCAL_PERSON_PART_6)}


def get_part_set(parts: str | dict | PartSet) -> PartSet:
    """Returns the part set of that name, the one that a dict describes (the arguments of PartSet), or the one given.

    Raises:
        ValueError: If no part set has that name.
        TypeError: If the dict has other keys than PartSet has arguments.
    """
    if isinstance(parts, PartSet):
        return parts
    if isinstance(parts, dict):
        return PartSet(**parts)
    if parts not in _PART_SETS:
        raise ValueError(
            f"There is no part set '{parts}'; choose one of {sorted(_PART_SETS)}, or pass a PartSet or "
            "dict(name=..., parts=['background', ...])."
        )
    return _PART_SETS[parts]
