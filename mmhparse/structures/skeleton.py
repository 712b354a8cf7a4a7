"""Skeletons: the joint types of a data set, the limbs that join them, and their left-right partners."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .left_right import left_right_pairs

DEFAULT_SIGMA = 0.1


@dataclass(frozen=True)
class Skeleton:
    """Joint types and the limbs along which they are matched.

    Args:
        name: What the skeleton is called in configs.
        joints: Names of the K joint types.
        limbs: L pairs of joint indices or names. Earlier limbs decide first when people are assembled; the first limbs
            that span the skeleton without a cycle form its kinematic tree.
        swaps: Pairs of joint indices that change places when an image is mirrored. If not given, joints whose names
            differ in ``left`` and ``right`` do.
        sigmas: K fall-offs of object keypoint similarity, as in COCO; 0.1 each if not given, as of COCO's hips.

    Raises:
        ValueError: If a limb or swap is not of these joints, or the numbers of joints and sigmas differ.
    """

    name: str
    joints: Sequence[str]
    limbs: Sequence[tuple[int, int] | tuple[str, str]]
    swaps: Sequence[tuple[int, int]] | None = None
    sigmas: Sequence[float] | None = None
    flip_indices: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self):
        joints = tuple(self.joints)
        index = {name: number for number, name in enumerate(joints)}
        limbs = tuple(tuple(index.get(end, end) for end in limb) for limb in self.limbs)
        swaps = left_right_pairs(joints) if self.swaps is None else tuple(map(tuple, self.swaps))
        sigmas = (DEFAULT_SIGMA,) * len(joints) if self.sigmas is None else tuple(self.sigmas)
        for name, value in (('joints', joints), ('limbs', limbs), ('swaps', swaps), ('sigmas', sigmas)):
            object.__setattr__(self, name, value)
        if len(self.sigmas) != len(self.joints):
            raise ValueError(f"Skeleton '{self.name}': {len(self.joints)} joints but {len(self.sigmas)} sigmas.")
        for pair in (*self.limbs, *self.swaps):
            if len(pair) != 2 or any(end not in range(len(joints)) for end in pair):
                raise ValueError(
                    f"Skeleton '{self.name}': {pair} is not a pair of joint indices below {len(self.joints)}."
                )
        flip = list(range(len(self.joints)))
        for left, right in self.swaps:
            flip[left], flip[right] = right, left
        object.__setattr__(self, 'flip_indices', tuple(flip))

    def __len__(self) -> int:
        return len(self.joints)
