import numpy as np
import pytest

from mmhparse.structures import (
    CIHP_19,
    CIHP_CENTRES_9,
    COCO_17,
    DENSEPOSE_14,
    MHP_16,
    MHP_V2_58,
    PASCAL_PERSON_PART_6,
    PPP_14,
)
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import relabelled

SETS = [(MHP_V2_58, MHP_16), (CIHP_19, CIHP_CENTRES_9), (PASCAL_PERSON_PART_6, PPP_14)]


@pytest.mark.parametrize(('part_set', 'skeleton'), SETS)
def test_every_class_and_joint_occurs_and_people_stay(part_set, skeleton):
    classes, joints = set(), np.zeros(len(skeleton), int)
    for seed in range(60):
        truth = synthetic_scene(seed, (96, 72)).annotation
        changed = relabelled(truth, part_set, skeleton, seed)
        np.testing.assert_array_equal(changed.part_map > 0, truth.part_map > 0)
        assert changed.person_map is truth.person_map and changed.joints.shape[1:] == (len(skeleton), 3)
        classes |= set(np.unique(changed.part_map).tolist())
        joints += (changed.joints[..., 2] > 0).sum(0)
    assert classes == set(range(len(part_set))) and joints.min() > 10


@pytest.mark.parametrize(('part_set', 'skeleton'), SETS)
def test_relabelling_keeps_sides(part_set, skeleton):
    """The mirror image of a relabelled person has the mirrored parts and joints."""
    truth = synthetic_scene(3, (96, 72), 2).annotation
    once = relabelled(truth, part_set, skeleton).flipped(skeleton, part_set)
    for name, swapped in (('left', 'right'), ('right', 'left')):
        drawn = [c for c, part in enumerate(DENSEPOSE_14.parts) if part.startswith(name)]
        forbidden = [c for c, part in enumerate(part_set.parts) if part.startswith(name)]
        here = np.isin(truth.part_map, drawn)[:, ::-1]
        assert not np.isin(once.part_map[here], forbidden).any(), swapped


def test_joints_lie_where_the_table_says():
    truth = synthetic_scene(5, (192, 144), 2).annotation
    joints = relabelled(truth, MHP_V2_58, MHP_16).joints
    hips = truth.joints[:, [11, 12]]
    known = (hips[..., 2] > 0).all(1)
    np.testing.assert_allclose(joints[known, 6, :2], hips[known, :, :2].mean(1), rtol=1e-6)
    np.testing.assert_array_equal(joints[:, 6, 2], hips[..., 2].min(1))
    # wrist of the files' order is COCO's wrist
    np.testing.assert_array_equal(joints[:, 15], truth.joints[:, COCO_17.joints.index('left_wrist')])


def test_own_vocabulary_is_left_as_it_is():
    truth = synthetic_scene(1, (96, 72)).annotation
    assert relabelled(truth, DENSEPOSE_14, COCO_17) is truth
    with pytest.raises(KeyError):
        relabelled(truth, MHP_V2_58, truth)
