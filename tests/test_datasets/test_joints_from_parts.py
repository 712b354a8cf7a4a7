import numpy as np
import pytest
from scipy.spatial.distance import cdist

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.datasets import CIHP_CENTRES, PartCentres, joints_from_parts
from mmhparse.structures import CIHP_19, CIHP_CENTRES_9, IGNORE, PartSet, Skeleton
from mmhparse.testing import synthetic_scene
from mmhparse.testing.releases import relabelled

PARTS = PartSet('mine', ('background', 'head', 'hat', 'left_arm', 'right_arm'))
BODY = Skeleton('mine', ('head', 'left_arm', 'right_arm'), (('head', 'left_arm'), ('head', 'right_arm')))
CENTRES = PartCentres(BODY, PARTS, {'head': ('head', 'hat'), 'left_arm': ('left_arm',), 'right_arm': ('right_arm',)})


def test_centres_of_simple_shapes():
    part_map, person_map = np.zeros((12, 20), np.uint8), np.zeros((12, 20), np.int32)
    part_map[0:2, 2:7], part_map[2:5, 2:7] = 2, 1  # hat and head: rows 0 to 4, columns 2 to 6
    part_map[6:9, 1:4] = 3
    part_map[6, 10:15], part_map[6:11, 10], part_map[10, 10:15] = 4, 4, 4  # a bracket: its mean is not on it
    person_map[:, 0:9], person_map[:, 9:16], person_map[:, 16:] = 1, 3, IGNORE
    joints = joints_from_parts(part_map, person_map, 3, CENTRES)
    np.testing.assert_array_equal(joints[0], [[4, 2, 2], [2, 7, 2], [0, 0, 0]])
    assert not joints[1].any() and not joints[2, :2].any()
    x, y, visibility = joints[2, 2]
    assert part_map[int(y), int(x)] == 4 and visibility == 2


@pytest.mark.parametrize('seed', range(5))
def test_centres_are_the_pixels_nearest_to_the_mean(seed):
    truth = relabelled(synthetic_scene(seed, (96, 72)).annotation, CIHP_19, CIHP_CENTRES_9, seed)
    for person, joints in enumerate(truth.joints, start=1):
        for name, (x, y, visibility) in zip(CIHP_CENTRES_9.joints, joints, strict=True):
            classes = [CIHP_19.parts.index(part) for part in CIHP_CENTRES.parts[name]]
            pixels = np.argwhere(np.isin(truth.part_map, classes) & (truth.person_map == person))[:, ::-1]
            assert (visibility == 2) == (len(pixels) > 0)
            if len(pixels):
                distance = cdist([pixels.mean(0)], pixels)[0]
                assert [x, y] in pixels.tolist()
                assert np.hypot(*(pixels.mean(0) - (x, y))) == pytest.approx(distance.min())


def test_people_survive_the_codec():
    """Fields made of centres give the people back: their limbs join what belongs together."""
    codec = DifferentiableGroupingCodec('cihp_centres_9', 'cihp_19', stride=2)
    right = total = 0
    for seed in range(8):
        truth = relabelled(synthetic_scene(seed, (256, 192), 2).annotation, CIHP_19, CIHP_CENTRES_9, seed)
        _, parsing = codec.decode(codec.encode(truth))
        for person in (1, 2):
            own = (truth.person_map == person) & (truth.part_map > 0)
            ids = np.bincount(np.asarray(parsing.person_map)[own])
            right, total = right + ids[1:].max(initial=0), total + own.sum()
    assert right / total > 0.97


def test_centres_are_mirrored_with_the_image():
    truth = relabelled(synthetic_scene(2, (96, 72), 3).annotation, CIHP_19, CIHP_CENTRES_9)
    mirrored = truth.flipped(CIHP_CENTRES_9, CIHP_19)
    again = joints_from_parts(mirrored.part_map, mirrored.person_map, 3, CIHP_CENTRES)
    # of pixels as near to the mean another may be the first
    np.testing.assert_allclose(again, mirrored.joints, atol=1.5)
    np.testing.assert_array_equal(again[..., 2], mirrored.joints[..., 2])


@pytest.mark.parametrize(
    'parts',
    [
        {'head': ('head',)},
        {'head': ('head',), 'left_arm': ('left_arm',), 'right_arm': ('right_hand',)},
        {'head': ('head', 'left_arm'), 'left_arm': ('left_arm',), 'right_arm': ('right_arm',)},
        {'head': (), 'left_arm': ('left_arm',), 'right_arm': ('right_arm',)},
        {'head': ('background',), 'left_arm': ('left_arm',), 'right_arm': ('right_arm',)},
    ],
)
def test_mistakes(parts):
    with pytest.raises(ValueError, match="of skeleton 'mine'|part set 'mine'"):
        PartCentres(BODY, PARTS, parts)
