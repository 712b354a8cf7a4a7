"""Skeletons: the joint types of a data set, the limbs that join them, and their left-right partners."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Skeleton:
    """Joint types and the limbs along which they are matched.

    Args:
        name: What the skeleton is called in configs.
        joints: Names of the K joint types.
        limbs: L pairs of joint indices. Earlier limbs decide first when people are assembled; the first limbs that
            span the skeleton without a cycle form its kinematic tree.
        swaps: Pairs of joint indices that change places when an image is mirrored.
        sigmas: K fall-offs of object keypoint similarity, as in COCO.

    Raises:
        ValueError: If an index lies outside the joints, or the numbers of joints and sigmas differ.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    swaps: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]
    flip_indices: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self):
        if len(self.sigmas) != len(self.joints):
            raise ValueError(f"Skeleton '{self.name}': {len(self.joints)} joints but {len(self.sigmas)} sigmas.")
        for pair in (*self.limbs, *self.swaps):
            if len(pair) != 2 or not all(0 <= index < len(self.joints) for index in pair):
                raise ValueError(
                    f"Skeleton '{self.name}': {pair} is not a pair of joint indices below {len(self.joints)}."
                )
        flip = list(range(len(self.joints)))
        for left, right in self.swaps:
            flip[left], flip[right] = right, left
        object.__setattr__(self, 'flip_indices', tuple(flip))

    def __len__(self) -> int:
        return len(self.joints)


_COCO_LIMBS = (
    # trunk and limbs of the body, from the centre outwards
    (5, 6), (5, 11), (6, 12), (11, 12), (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16),
    # head
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (1, 2),
    # bridges over one missing joint: without them a hidden eye, elbow or knee cuts a person in two
    (0, 5), (0, 6), (5, 9), (6, 10), (11, 15), (12, 16),
)  # fmt: skip

COCO_17 = Skeleton(
    name='coco_17',
    joints=(
        'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow',
        'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle',
        'right_ankle',
    ),
    limbs=_COCO_LIMBS,
    swaps=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    sigmas=(
        0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087,
        0.089, 0.089,
    ),
)  # fmt: skip

_SKELETONS = {skeleton.name: skeleton for skeleton in (COCO_17,)}


def get_skeleton(skeleton: str | Skeleton) -> Skeleton:
    """Returns the skeleton of that name, or the one given.

    Raises:
        ValueError: If no skeleton has that name.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton not in _SKELETONS:
        raise ValueError(f"There is no skeleton '{skeleton}'; choose one of {sorted(_SKELETONS)} or pass a Skeleton.")
    return _SKELETONS[skeleton]
