import numpy as np
import pytest

from mmhparse.datasets import CropAroundPeople
from mmhparse.structures import ParseAnnotation
from mmhparse.testing import synthetic_scene


def record(seed=0, num_people=3):
    scene = synthetic_scene(seed, (128, 96), num_people)
    return dict(img=scene.image, annotation=scene.annotation, ori_shape=(96, 128), img_shape=(96, 128))


def test_without_margin_all_people_just_fit():
    for seed in range(10):
        before = record(seed)
        x0, y0 = np.floor(before['annotation'].boxes[:, :2].min(0)).astype(int)
        x1, y1 = np.ceil(before['annotation'].boxes[:, 2:].max(0)).astype(int) + 1
        after = CropAroundPeople(one_prob=0, margin=(0, 0))(dict(before))
        np.testing.assert_array_equal(after['img'], before['img'][y0:y1, x0:x1])
        np.testing.assert_array_equal(after['annotation'].part_map, before['annotation'].part_map[y0:y1, x0:x1])
        np.testing.assert_array_equal(after['annotation'].person_map, before['annotation'].person_map[y0:y1, x0:x1])
        assert len(after['annotation']) == len(before['annotation'])


def test_view_of_one_person_holds_that_person_and_its_margin():
    np.random.seed(0)
    before = record()['annotation']
    crop, chosen = CropAroundPeople(one_prob=1, margin=(0.1, 0.2)), set()
    for _ in range(200):
        left, top, right, bottom = crop._random_view(before)
        held = []
        for person, (x0, y0, x1, y1) in enumerate(before.boxes):
            side = max(x1 - x0, y1 - y0) + 1
            gaps = np.array([x0 - left, y0 - top, right - 1 - x1, bottom - 1 - y1])
            cut = np.array([left == 0, top == 0, right == 128, bottom == 96])
            wide_enough = cut | (gaps >= 0.1 * side - 1e-3)
            if (gaps >= 0).all() and wide_enough.all() and (gaps <= 0.2 * side + 1).all():
                held.append(person)
        assert held
        chosen.update(held)
    assert chosen == set(range(len(before)))


def test_people_outside_are_taken_out():
    np.random.seed(1)
    crop = CropAroundPeople(one_prob=1, margin=(0, 0))
    for seed in range(10):
        annotation = crop(record(seed, 5))['annotation']
        assert len(annotation) >= 1
        assert set(np.unique(annotation.person_map)) <= set(range(len(annotation) + 1))


def test_nobody_and_a_person_outside_the_image():
    empty = np.zeros((10, 12), np.uint8), np.zeros((10, 12), np.int32)
    nobody = ParseAnnotation(*empty, np.zeros((0, 17, 3), np.float32), np.zeros((0, 4), np.float32))
    image = np.zeros((10, 12, 3), np.uint8)
    assert CropAroundPeople()(dict(img=image, annotation=nobody))['img'].shape == (10, 12, 3)
    for box in ([-30, 2, -20, 5], [40, 2, 50, 5]):
        outside = ParseAnnotation(*empty, np.zeros((1, 17, 3), np.float32), np.array([box], np.float32))
        after = CropAroundPeople(margin=(0, 0))(dict(img=image, annotation=outside))
        assert after['img'].shape[1] == 1 and len(after['annotation']) == 0


@pytest.mark.parametrize('options', [dict(one_prob=2), dict(margin=(-0.1, 1)), dict(margin=(0.5, 0.2))])
def test_mistakes(options):
    with pytest.raises(ValueError, match='expected one_prob'):
        CropAroundPeople(**options)
