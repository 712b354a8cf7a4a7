"""Which names of joints and parts are mirror images of each other."""

from collections.abc import Sequence


def left_right_pairs(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Pairs of indices of names that differ only in ``left`` and ``right``, for example left_arm and right_arm."""
    index = {name: number for number, name in enumerate(names)}
    mirrored = ((number, index.get(name.replace('left', 'right'))) for name, number in index.items() if 'left' in name)
    return tuple((number, other) for number, other in mirrored if other is not None)
