import numpy as np
import pytest

from mmhparse.datasets import ResizePeople
from mmhparse.structures import ParseAnnotation
from mmhparse.testing import synthetic_scene


def record(size=(96, 64)):
    scene = synthetic_scene(0, size, 3)
    return dict(img=scene.image, annotation=scene.annotation, ori_shape=size[::-1], img_shape=size[::-1])


def test_doubling_repeats_labels():
    before = record()
    maps = [before['annotation'].part_map, before['annotation'].person_map]
    after = ResizePeople((192, 128))(before)
    assert after['img_shape'] == (128, 192) and after['ori_shape'] == (64, 96)
    for old, new in zip(maps, (after['annotation'].part_map, after['annotation'].person_map), strict=True):
        np.testing.assert_array_equal(new, old.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize(
    ('options', 'size'),
    [
        (dict(size=(48, 48)), (48, 48)),
        (dict(size=(48, 48), keep_ratio=True), (48, 32)),
        (dict(size=(300, 128), keep_ratio=True), (192, 128)),
        (dict(size=(1, 1), keep_ratio=True), (1, 1)),
    ],
)
def test_sizes(options, size):
    after = ResizePeople(**options)(record())
    assert after['annotation'].size == size and after['img'].shape == (size[1], size[0], 3)


def test_shrinking_averages():
    before = record()
    means = before['img'].reshape(16, 4, 24, 4, 3).mean((1, 3))
    np.testing.assert_allclose(ResizePeople((24, 16))(before)['img'], means, atol=1)


def test_same_size_changes_nothing():
    before, after = record(), ResizePeople((96, 64))(record())
    np.testing.assert_array_equal(after['img'], before['img'])
    np.testing.assert_array_equal(after['annotation'].person_map, before['annotation'].person_map)
    np.testing.assert_array_equal(after['annotation'].joints, before['annotation'].joints)


def test_mistakes():
    with pytest.raises(ValueError, match='at least 1 x 1 pixel'):
        ResizePeople((0, 5))
    wrong = record()
    annotation = wrong['annotation']
    wrong['annotation'] = ParseAnnotation(
        annotation.part_map[1:], annotation.person_map[1:], annotation.joints, annotation.boxes
    )
    with pytest.raises(ValueError, match='They must be one size'):
        ResizePeople((9, 9))(wrong)
