"""The tables of parts and joints against what the data sets' papers and readers say."""

from dataclasses import replace

import numpy as np
import pytest

from mmhparse.structures import (
    ATR_18,
    CIHP_19,
    CIHP_CENTRES_9,
    COCO_17,
    DENSEPOSE_14,
    MHP_16,
    MHP_V2_58,
    PASCAL_PERSON_PART_6,
    PPP_14,
    PartSet,
    Skeleton,
    get_part_set,
    get_skeleton,
)

PART_SETS = [DENSEPOSE_14, MHP_V2_58, CIHP_19, ATR_18, PASCAL_PERSON_PART_6]
SKELETONS = [COCO_17, MHP_16, PPP_14, CIHP_CENTRES_9]


@pytest.mark.parametrize(
    ('part_set', 'classes', 'swaps'),
    [
        (MHP_V2_58, 59, ((5, 6), (7, 8), (22, 23), (24, 25), (26, 27), (28, 29), (30, 31), (32, 33))),
        (CIHP_19, 20, ((14, 15), (16, 17), (18, 19))),
        (ATR_18, 18, ((9, 10), (12, 13), (14, 15))),
        (PASCAL_PERSON_PART_6, 7, ()),
    ],
)
def test_part_swaps(part_set, classes, swaps):
    assert (len(part_set), part_set.swaps) == (classes, swaps)


def test_classes_at_known_numbers():
    known = {3: 'face', 9: 'protector', 17: 'pants', 21: 'socks', 34: 'coat', 43: 'belt', 51: 'umbrella', 55: 'tie'}
    assert {number: MHP_V2_58.parts[number] for number in known} == known
    known = {1: 'hat', 5: 'upper_clothes', 10: 'torso_skin', 13: 'face', 19: 'right_shoe'}
    assert {number: CIHP_19.parts[number] for number in known} == known
    known = {1: 'hat', 4: 'upper_clothes', 8: 'belt', 11: 'face', 15: 'right_arm', 17: 'scarf'}
    assert {number: ATR_18.parts[number] for number in known} == known


@pytest.mark.parametrize(
    ('skeleton', 'swaps'),
    [
        (MHP_16, {(0, 5), (1, 4), (2, 3), (10, 15), (11, 14), (12, 13)}),
        (PPP_14, {(2, 8), (3, 9), (4, 10), (5, 11), (6, 12), (7, 13)}),
    ],
)
def test_joint_swaps(skeleton, swaps):
    assert {tuple(sorted(pair)) for pair in skeleton.swaps} == swaps


@pytest.mark.parametrize('skeleton', SKELETONS)
def test_limbs_span_the_body_and_mirror(skeleton):
    limbs = {frozenset(limb) for limb in skeleton.limbs}
    assert len(limbs) == len(skeleton.limbs) and all(len(limb) == 2 for limb in limbs)
    flip = skeleton.flip_indices
    assert {frozenset(flip[end] for end in limb) for limb in limbs} == limbs
    np.testing.assert_allclose(np.array(skeleton.sigmas)[list(flip)], skeleton.sigmas)
    reached = {0}
    for _ in skeleton.joints:
        reached |= {end for limb in limbs if limb & reached for end in limb}
    assert reached == set(range(len(skeleton)))
    # no joint hangs on a single one: whoever misses it is not cut in two
    ends = [end for limb in skeleton.limbs for end in limb]
    assert min(ends.count(joint) for joint in range(len(skeleton))) >= 2


@pytest.mark.parametrize('part_set', PART_SETS)
def test_palettes_are_of_different_colours(part_set):
    assert len(set(part_set.palette)) == len(part_set)


def test_vocabularies_of_ones_own_come_as_dicts():
    parts = dict(name='mine', parts=['background', 'head', 'left_arm', 'right_arm'])
    assert get_part_set(parts) == PartSet('mine', ('background', 'head', 'left_arm', 'right_arm'), ((2, 3),))
    joints = dict(name='mine', joints=['head', 'left_arm', 'right_arm'], limbs=[['head', 'left_arm'], [0, 2]])
    expected = Skeleton('mine', ('head', 'left_arm', 'right_arm'), ((0, 1), (0, 2)), ((1, 2),), (0.1, 0.1, 0.1))
    assert get_skeleton(joints) == expected
    by_name = get_skeleton(joints | dict(swaps=[['left_arm', 'right_arm']], sigmas=[0.1] * 3))
    assert by_name == expected and isinstance(by_name.swaps, tuple) and isinstance(by_name.sigmas, tuple)
    assert replace(expected, name='other').flip_indices == expected.flip_indices == (0, 2, 1)
    with pytest.raises(
        ValueError, match=r"\('head', 'foot'\) is not a pair of joint indices below 3, or of joint names"
    ):
        get_skeleton(joints | dict(limbs=[['head', 'foot']]))
    with pytest.raises(ValueError, match='some names come twice'):
        get_part_set(parts | dict(parts=['background', 'head', 'head']))
