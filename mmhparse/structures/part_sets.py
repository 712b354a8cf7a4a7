"""The part sets that are known by name."""

from .parts import PartSet

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

# the order of the semantic release; left and right are one class
PASCAL_PERSON_PART_6 = PartSet(
    name='pascal_person_part_6',
    parts=('background', 'head', 'torso', 'upper_arms', 'lower_arms', 'upper_legs', 'lower_legs'),
)

_PART_SETS = {parts.name: parts for parts in (DENSEPOSE_14, MHP_V2_58, CIHP_19, PASCAL_PERSON_PART_6)}


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
