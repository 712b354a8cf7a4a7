import numpy as np
import pytest

from mmhparse.datasets import RandomFlipPeople
from mmhparse.structures import COCO_17, DENSEPOSE_14, ParseAnnotation
from mmhparse.testing import synthetic_scene


def record(seed=0):
    scene = synthetic_scene(seed, (96, 64))
    return dict(img=scene.image, annotation=scene.annotation, skeleton=COCO_17, part_set=DENSEPOSE_14)


def test_flip_mirrors_the_image_and_its_people():
    before, after = record(), RandomFlipPeople(prob=1)(record())
    np.testing.assert_array_equal(after['img'], before['img'][:, ::-1])
    np.testing.assert_array_equal(after['annotation'].person_map, before['annotation'].person_map[:, ::-1])
    left, right = COCO_17.joints.index('left_knee'), COCO_17.joints.index('right_knee')
    labelled = before['annotation'].joints[:, left, 2] > 0
    np.testing.assert_allclose(
        after['annotation'].joints[labelled, right, 0], 95 - before['annotation'].joints[labelled, left, 0]
    )


def test_twice_is_nothing_and_never_is_never():
    twice = RandomFlipPeople(prob=1)(RandomFlipPeople(prob=1)(record()))
    never = RandomFlipPeople(prob=0)(record())
    for after in (twice, never):
        np.testing.assert_array_equal(after['img'], record()['img'])
        for name in ('part_map', 'person_map', 'joints', 'boxes'):
            expected = getattr(record()['annotation'], name)
            np.testing.assert_allclose(getattr(after['annotation'], name), expected, atol=1e-4)


def test_share_of_flips():
    np.random.seed(0)
    transform = RandomFlipPeople(prob=0.25)
    assert 0.2 < np.mean([transform._flips() for _ in range(1000)]) < 0.3


def test_mistakes():
    with pytest.raises(ValueError, match='prob in'):
        RandomFlipPeople(prob=2)
    wrong = record()
    annotation = wrong['annotation']
    wrong.update(
        annotation=ParseAnnotation(
            annotation.part_map[:-1], annotation.person_map[:-1], annotation.joints, annotation.boxes
        ),
        img_path='photo.jpg',
        ann_path='labels.json',
    )
    with pytest.raises(ValueError, match=r"'photo\.jpg' is 96 x 64 .*'labels\.json' is 96 x 63"):
        RandomFlipPeople()(wrong)
