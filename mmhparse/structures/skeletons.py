"""Skeletons: the joint types of a data set, the limbs that connect them, and those known by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .left_right import left_right_pairs

DEFAULT_SIGMA = 0.1


@dataclass(frozen=True, init=False)
class Skeleton:
    """Joint types and the limbs along which they are matched.

    Args:
        name: What the skeleton is called in configs.
        joints: Names of the K joint types.
        limbs: L pairs of joint indices or names. Earlier limbs decide first when people are assembled; the first limbs
            that span the skeleton without a cycle form its kinematic tree.
        swaps: Pairs of joint indices or names that change places when an image is mirrored. By default, joints whose
            names differ in ``left`` and ``right`` do.
        sigmas: K OKS sigmas, as in COCO; by default 0.1 each, about that of COCO's hips.

    Attributes:
        limbs: L pairs of joint indices.
        swaps: Pairs of joint indices.
        sigmas: K OKS sigmas.
        flip_indices: K indices; joint k of a mirrored image is joint ``flip_indices[k]`` of the image.

    Raises:
        ValueError: If a limb or swap is not of these joints, or the numbers of joints and sigmas differ.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    swaps: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]
    flip_indices: tuple[int, ...] = field(init=False, repr=False)

    def __init__(
        self,
        name: str,
        joints: Sequence[str],
        limbs: Sequence[Sequence[int | str]],
        swaps: Sequence[Sequence[int | str]] | None = None,
        sigmas: Sequence[float] | None = None,
    ):
        joints = tuple(joints)
        limb_indices = _index_pairs(limbs, joints, name)
        swap_indices = left_right_pairs(joints) if swaps is None else _index_pairs(swaps, joints, name)
        sigmas = (DEFAULT_SIGMA,) * len(joints) if sigmas is None else tuple(sigmas)
        if len(sigmas) != len(joints):
            raise ValueError(f"Skeleton '{name}': {len(joints)} joints but {len(sigmas)} sigmas.")
        flip = list(range(len(joints)))
        for left, right in swap_indices:
            flip[left], flip[right] = right, left
        # attributes of a frozen dataclass are set through object
        for attribute, value in dict(
            name=name, joints=joints, limbs=limb_indices, swaps=swap_indices, sigmas=sigmas, flip_indices=tuple(flip)
        ).items():
            object.__setattr__(self, attribute, value)

    def __len__(self) -> int:
        return len(self.joints)


def _index_pairs(
    pairs: Sequence[Sequence[int | str]], joints: tuple[str, ...], skeleton: str
) -> tuple[tuple[int, int], ...]:
    """Pairs of joint indices, from pairs of indices or names."""
    index: dict[int | str, int] = {number: number for number in range(len(joints))}
    index.update({joint: number for number, joint in enumerate(joints)})
    for pair in pairs:
        if len(pair) != 2 or any(end not in index for end in pair):
            raise ValueError(
                f"Skeleton '{skeleton}': {tuple(pair)} is not a pair of joint indices below {len(joints)}, or of joint "
                'names.'
            )
    return tuple((index[first], index[second]) for first, second in pairs)


# Limbs run from the trunk outwards, so that they span the body before bridges over one missing joint come.
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

# Joints in the order of the files, which is that of MPII. There are no official OKS sigmas: these are mmpose's.
MHP_16 = Skeleton(
    name='mhp_16',
    joints=(
        'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle', 'pelvis', 'thorax',
        'upper_neck', 'head_top', 'right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder', 'left_elbow',
        'left_wrist',
    ),
    limbs=(
        # trunk, head, arms and legs
        (6, 7), (7, 8), (8, 9), (8, 12), (8, 13), (2, 6), (6, 3), (12, 11), (11, 10), (13, 14), (14, 15), (2, 1),
        (1, 0), (3, 4), (4, 5),
        # sides of the trunk
        (12, 13), (12, 2), (13, 3), (2, 3),
        # bridges over one missing joint
        (7, 12), (7, 13), (9, 12), (9, 13), (12, 10), (13, 15), (2, 0), (3, 5),
    ),
    sigmas=(
        0.089, 0.083, 0.107, 0.107, 0.083, 0.089, 0.026, 0.026, 0.026, 0.026, 0.062, 0.072, 0.179, 0.179, 0.072, 0.062,
    ),
)  # fmt: skip

# The joints that Xia et al., "Joint Multi-Person Pose Estimation and Semantic Part Segmentation" (CVPR 2017), added to
# PASCAL-Person-Part. Readers of these files agree on the pairs, but not on which of a pair is left: the sides are
# unverified. No OKS sigmas are published: these are COCO's, of the ears for the forehead, the shoulders for the neck.
PPP_14 = Skeleton(
    name='ppp_14',
    joints=(
        'forehead', 'neck', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hip', 'left_knee', 'left_ankle',
        'right_shoulder', 'right_elbow', 'right_wrist', 'right_hip', 'right_knee', 'right_ankle',
    ),
    limbs=(
        (1, 0), (1, 2), (1, 8), (2, 5), (8, 11), (5, 11), (2, 3), (3, 4), (8, 9), (9, 10), (5, 6), (6, 7), (11, 12),
        (12, 13),
        # bridges over one missing joint
        (2, 8), (0, 2), (0, 8), (1, 5), (1, 11), (2, 4), (8, 10), (5, 7), (11, 13),
    ),
    sigmas=(
        0.035, 0.079, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089,
    ),
)  # fmt: skip

# Centres of CIHP's parts (datasets/derived/joints_from_parts.py). The OKS sigmas are ours: a quarter of the side of a
# square that has the part's share of a person, taken as 10 % head, 35 % torso, 20 % lower body, 8 % arm, 8 % leg, 2 %
# shoe.
CIHP_CENTRES_9 = Skeleton(
    name='cihp_centres_9',
    joints=(
        'head', 'torso', 'lower_body', 'left_arm', 'right_arm', 'left_leg', 'right_leg', 'left_shoe', 'right_shoe',
    ),
    limbs=(
        (0, 1), (1, 2), (1, 3), (1, 4), (2, 5), (2, 6), (5, 7), (6, 8),
        # bridges over one missing part: a coat, trousers or crossed legs leave many out
        (0, 3), (0, 4), (1, 5), (1, 6), (2, 7), (2, 8), (3, 4), (5, 6), (7, 8), (1, 7), (1, 8), (0, 2), (2, 3), (2, 4),
    ),
    sigmas=(0.079, 0.148, 0.112, 0.071, 0.071, 0.071, 0.071, 0.035, 0.035),
)  # fmt: skip

_SKELETONS = {skeleton.name: skeleton for skeleton in (COCO_17, MHP_16, PPP_14, CIHP_CENTRES_9)}


def get_skeleton(skeleton: str | dict | Skeleton) -> Skeleton:
    """Returns the skeleton of that name, the one that a dict describes (the arguments of Skeleton), or the one given.

    Raises:
        ValueError: If no skeleton has that name.
        TypeError: If the dict has other keys than Skeleton has arguments.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if isinstance(skeleton, dict):
        return Skeleton(**skeleton)
    if skeleton not in _SKELETONS:
        raise ValueError(
            f"There is no skeleton '{skeleton}'; choose one of {sorted(_SKELETONS)}, or pass a Skeleton or "
            'dict(name=..., joints=[...], limbs=[...]).'
        )
    return _SKELETONS[skeleton]
