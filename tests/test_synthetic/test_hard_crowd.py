"""Hard crowds: people of one size who overlap, whose joints of one type may be close, with truth as exact as ever."""

import numpy as np
import pytest

from mmhparse.datasets import SyntheticPeopleDataset
from mmhparse.testing import synthetic_scene

SIZE = (128, 128)


@pytest.fixture(scope='module')
def scenes():
    return [synthetic_scene(seed, SIZE, 4, 'hard') for seed in range(12)]


def gaps(joints: np.ndarray) -> np.ndarray:
    """Distance from each labelled joint to the nearest of its type of another person, in pixels."""
    labelled = joints[..., 2] > 0
    distance = np.linalg.norm(joints[:, None, :, :2] - joints[None, :, :, :2], axis=-1)  # (P, P, K)
    distance[np.arange(len(joints)), np.arange(len(joints))] = np.inf
    distance[~(labelled[:, None] & labelled[None])] = np.inf
    nearest = distance.min(1)
    return nearest[np.isfinite(nearest)]


def test_joints_of_one_type_come_close(scenes):
    """In ordinary crowds none are within 8 pixels of each other; here a sixth or more are."""
    hard = np.concatenate([gaps(scene.annotation.joints) for scene in scenes])
    ordinary = np.concatenate([gaps(synthetic_scene(seed, (256, 192), 4).annotation.joints) for seed in range(6)])
    assert ordinary.min() >= 8
    assert (hard < 8).mean() > 1 / 6 and (hard < 4).mean() > 0.02


def test_people_are_of_one_size(scenes):
    """Shoulder to hip, which poses change little: the tallest in an image is not twice the smallest."""
    for scene in scenes:
        joints = scene.annotation.joints
        trunks = np.linalg.norm(joints[:, 5:7, :2].mean(1) - joints[:, 11:13, :2].mean(1), axis=-1)
        trunks = trunks[(joints[:, [5, 6, 11, 12], 2] > 0).all(1)]
        assert len(trunks) == 0 or trunks.max() < 2 * trunks.min()


def test_truth_is_consistent_and_everybody_can_be_seen(scenes):
    for scene in scenes:
        truth = scene.annotation
        assert len(truth) == 4
        assert ((truth.person_map > 0) == (truth.part_map > 0)).all()
        assert np.bincount(truth.person_map.ravel(), minlength=5).min() >= 60
        assert ((truth.joints[..., 2] > 0).sum(1) >= 5).all()


def test_a_seed_gives_one_scene_and_crowds_differ():
    first, again = (synthetic_scene(7, SIZE, 3, 'hard') for _ in range(2))
    assert (first.image == again.image).all()
    assert (first.image != synthetic_scene(7, SIZE, 3).image).any()
    with pytest.raises(ValueError, match='crowd must be one of'):
        synthetic_scene(0, SIZE, 3, 'easy')


def test_data_sets_with_and_without_cache_have_the_same_scenes_whatever_the_crowd():
    for crowd in ('ordinary', 'hard'):
        options = dict(num_images=2, image_size=SIZE, num_people=2, crowd=crowd)
        plain, cached = (SyntheticPeopleDataset(**options, cache=cache) for cache in (False, True))
        for index in (0, 1, 0):
            one, other = (dataset.load_sample(dataset.get_data_info(index)) for dataset in (plain, cached))
            assert (one['img'] == other['img']).all()
            assert (one['annotation'].person_map == other['annotation'].person_map).all()
