"""The truth of a synthetic scene in the part set and skeleton of another data set."""

from dataclasses import replace

import numpy as np

from mmhparse.datasets.derived import CIHP_CENTRES, joints_from_parts
from mmhparse.structures import (
    CIHP_19,
    CIHP_CENTRES_9,
    COCO_17,
    DENSEPOSE_14,
    MHP_16,
    MHP_V2_58,
    PASCAL_PERSON_PART_6,
    PPP_14,
    ParseAnnotation,
    PartSet,
    Skeleton,
)

# The classes that a synthetic part, without its side, may become in other part sets; one is chosen at random for each
# person and part. {} is the side.
_CIHP = {
    'head': ('face', 'hair', 'hat', 'sunglasses'),
    'torso': ('upper_clothes', 'coat', 'dress', 'torso_skin', 'scarf'),
    'upper_arm': ('{}_arm', 'upper_clothes', 'coat'),
    'lower_arm': ('{}_arm',),
    'hand': ('{}_arm', 'glove'),
    'upper_leg': ('pants', 'skirt', '{}_leg'),
    'lower_leg': ('{}_leg', 'pants', 'socks'),
    'foot': ('{}_shoe',),
}
_MHP_V2 = {
    'head': ('face', 'hair', 'cap', 'helmet', 'headwear', 'sunglasses', 'eyewear'),
    'torso': (
        't_shirt', 'jacket', 'polo_shirt', 'sweater', 'singlet', 'bikini', 'torso_skin', 'coat', 'dress', 'robe',
        'jumpsuit', 'other_full_body_clothes', 'other_upper_body_clothes', 'backpack', 'scarf', 'tie',
    ),
    'upper_arm': ('{}_arm', 'protector', 'sweater', 'jacket'),
    'lower_arm': ('{}_arm', 'watch', 'wristband', 'other_accessory'),
    'hand': (
        '{}_hand', 'glove', 'ball', 'bats', 'bottle', 'carrybag', 'cases', 'umbrella', 'wallet',
    ),
    'upper_leg': ('pants', 'shorts', 'skirt', 'other_lower_body_clothes', 'belt', '{}_leg'),
    'lower_leg': ('{}_leg', 'pants', 'stockings', 'socks'),
    'foot': ('{}_foot', '{}_boot', '{}_shoe', '{}_highheel', '{}_sandal'),
}  # fmt: skip
_PASCAL = {
    'head': ('head',),
    'torso': ('torso',),
    'upper_arm': ('upper_arms',),
    'lower_arm': ('lower_arms',),
    'hand': ('lower_arms',),
    'upper_leg': ('upper_legs',),
    'lower_leg': ('lower_legs',),
    'foot': ('lower_legs',),
}
_CHOICES = {CIHP_19: _CIHP, MHP_V2_58: _MHP_V2, PASCAL_PERSON_PART_6: _PASCAL}

# joints that COCO lacks, as weighted sums of those that it has
_MADE_OF = {
    'pelvis': {'left_hip': 0.5, 'right_hip': 0.5},
    'thorax': {'left_shoulder': 0.4, 'right_shoulder': 0.4, 'left_hip': 0.1, 'right_hip': 0.1},
    'neck': {'left_shoulder': 0.4, 'right_shoulder': 0.4, 'nose': 0.2},
    'upper_neck': {'left_shoulder': 0.35, 'right_shoulder': 0.35, 'nose': 0.3},
    'forehead': {'left_eye': 0.7, 'right_eye': 0.7, 'left_shoulder': -0.2, 'right_shoulder': -0.2},
    'head_top': {'left_eye': 0.8, 'right_eye': 0.8, 'left_shoulder': -0.3, 'right_shoulder': -0.3},
}


def relabelled(annotation: ParseAnnotation, part_set: PartSet, skeleton: Skeleton, seed: int = 0) -> ParseAnnotation:
    """The truth of a synthetic scene with other parts and joints.

    In part sets of clothes and objects, each part of a person becomes a random class that fits its position and side,
    so that all classes occur in many scenes. Joints that COCO lacks are fixed weighted sums of others, with the lowest
    visibility of these, and unlabelled outside of the image; centres of parts are those of :func:`joints_from_parts`.

    Args:
        annotation: Parts of ``DENSEPOSE_14`` and joints of ``COCO_17``.
        part_set: ``DENSEPOSE_14``, ``MHP_V2_58``, ``CIHP_19`` or ``PASCAL_PERSON_PART_6``.
        skeleton: ``COCO_17``, ``MHP_16``, ``PPP_14``, or ``CIHP_CENTRES_9`` with the parts of CIHP.
        seed: Seed of the random classes.

    Raises:
        KeyError: If the part set or skeleton is another.
    """
    changed = annotation if part_set == DENSEPOSE_14 else _with_parts(annotation, part_set, seed)
    if skeleton == COCO_17:
        return changed
    if skeleton == CIHP_CENTRES_9:
        joints = joints_from_parts(changed.part_map, changed.person_map, len(changed), CIHP_CENTRES)
    else:
        joints = _joints({MHP_16: MHP_16, PPP_14: PPP_14}[skeleton], annotation)
    return replace(changed, joints=joints)


def _with_parts(annotation: ParseAnnotation, part_set: PartSet, seed: int) -> ParseAnnotation:
    choices, generator = _CHOICES[part_set], np.random.default_rng(seed)
    part_map = np.zeros_like(annotation.part_map)
    for person in range(1, len(annotation) + 1):
        table = np.zeros(256, np.uint8)
        for number, name in enumerate(DENSEPOSE_14.parts[1:], start=1):
            side, part = _split_side(name)
            table[number] = part_set.parts.index(str(generator.choice(choices[part])).format(side))
        own = annotation.person_map == person
        part_map[own] = table[annotation.part_map[own]]
    return replace(annotation, part_map=part_map)


def _split_side(name: str) -> tuple[str, str]:
    """'left_upper_arm' as 'left' and 'upper_arm'; 'head' as '' and 'head'."""
    side, _, part = name.partition('_')
    return (side, part) if side in ('left', 'right') else ('', name)


def _joints(skeleton: Skeleton, annotation: ParseAnnotation) -> np.ndarray:
    """(P, K, 3) float32."""
    weights = np.zeros((len(skeleton), len(COCO_17)), np.float64)
    for row, name in zip(weights, skeleton.joints, strict=True):
        for source, weight in _MADE_OF.get(name, {name: 1.0}).items():
            row[COCO_17.joints.index(source)] = weight
    joints = np.zeros((len(annotation), len(skeleton), 3), np.float32)
    joints[..., :2] = np.einsum('kj,pjc->pkc', weights, annotation.joints[..., :2])  # (P, K, 2)
    joints[..., 2] = np.where(weights != 0, annotation.joints[:, None, :, 2], 2).min(axis=-1)
    (width, height), x, y = annotation.size, joints[..., 0], joints[..., 1]
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    joints[~inside | (joints[..., 2] == 0)] = 0
    return joints
