import cv2
import numpy as np
import pytest

from mmhparse.datasets import RandomAffinePeople
from mmhparse.datasets.transforms.warping import warp_image
from mmhparse.structures import ParseAnnotation
from mmhparse.testing import synthetic_scene


def record(seed=0, size=(128, 96), num_people=3):
    scene = synthetic_scene(seed, size, num_people)
    shape = scene.image.shape[:2]
    return dict(img=scene.image, annotation=scene.annotation, ori_shape=shape, img_shape=shape)


def marks(generator, people=3, size=(96, 80)):
    """A black image with one small blot of its own colour and part at each of six joints of each person."""
    width, height = size
    image, part_map = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    person_map = np.zeros((height, width), np.int32)
    cells = generator.permutation(np.stack(np.meshgrid(np.arange(8, 90, 14), np.arange(8, 72, 14)), -1).reshape(-1, 2))
    joints = np.zeros((people, 17, 3), np.float32)
    for person in range(people):
        for joint in range(6):
            x, y = cells[6 * person + joint]
            joints[person, joint] = x, y, 2
            image[y - 2 : y + 3, x - 2 : x + 3, person] = 255
            part_map[y - 2 : y + 3, x - 2 : x + 3] = joint + 1
            person_map[y - 2 : y + 3, x - 2 : x + 3] = person + 1
    boxes = np.concatenate([joints[:, :6, :2].min(1) - 2, joints[:, :6, :2].max(1) + 2], axis=1)
    shape = image.shape[:2]
    annotation = ParseAnnotation(part_map, person_map, joints, boxes.astype(np.float32))
    return dict(img=image, annotation=annotation, ori_shape=shape, img_shape=shape)


def centre(weight):
    rows, columns = np.indices(weight.shape)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def test_image_maps_and_joints_move_together():
    generator = np.random.default_rng(0)
    np.random.seed(0)
    transform = RandomAffinePeople((200, 180), scale=(0.6, 2), rotation=180, stretch=1.5, shift=0.2)
    offsets = []
    for _ in range(60):
        results = transform(marks(generator))
        annotation, image = results['annotation'], results['img'].astype(float)
        assert results['img_shape'] == annotation.part_map.shape == (180, 200)
        for person, joint in np.argwhere(annotation.joints[..., 2] > 0):
            x, y = annotation.joints[person, joint, :2]
            if not (12 < x < 187 and 12 < y < 167):
                continue
            blot = (annotation.person_map == person + 1) & (annotation.part_map == joint + 1)
            colour = image[..., int(np.argmax(image[blot].sum(0)))] * cv2.dilate(blot.astype(np.uint8), np.ones((5, 5)))
            offsets.append([centre(blot.astype(float)) - (x, y), centre(colour) - (x, y)])
    offsets = np.linalg.norm(offsets, axis=2)
    assert len(offsets) > 300
    # of nearest-neighbour maps, and of the linearly interpolated image
    assert offsets[:, 0].max() < 0.6
    assert offsets[:, 1].max() < 0.25
    assert offsets.mean() < 0.15


def test_shrinking_averages_and_keeps_its_place():
    generator = np.random.default_rng(1)
    image = generator.integers(0, 256, (240, 320, 3), np.uint8)
    matrix = np.array([[0.125, 0, (0.125 - 1) / 2], [0, 0.125, (0.125 - 1) / 2]])
    small = warp_image(image, matrix, (40, 30), (0, 0, 0))
    np.testing.assert_allclose(small, image.reshape(30, 8, 40, 8, 3).mean((1, 3)), atol=1)


def test_identity_changes_nothing():
    results = record()
    image, annotation = results['img'].copy(), results['annotation']
    still = RandomAffinePeople((128, 96), scale=(1, 1), rotation=0, shift=0, person_prob=0)
    after = still(results)
    np.testing.assert_array_equal(after['img'], image)
    np.testing.assert_array_equal(after['annotation'].person_map, annotation.person_map)
    np.testing.assert_allclose(after['annotation'].joints, annotation.joints, atol=1e-4)


def test_view_is_centred_on_a_person():
    np.random.seed(0)
    transform = RandomAffinePeople((64, 64), scale=(2, 2), rotation=0, shift=0, person_prob=1)
    for seed in range(8):
        results = record(seed)
        fit = 2 * 64 / 128
        boxes = results['annotation'].boxes
        chosen = transform._random_matrix(results['annotation'])
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2 @ chosen[:, :2].T + chosen[:, 2]
        assert np.isclose(chosen[0, 0], fit)
        assert np.abs(middles - 31.5).max(axis=1).min() < 1e-4


def test_draws_stay_in_their_ranges_and_fill_them():
    np.random.seed(0)
    transform = RandomAffinePeople((100, 80), scale=(0.5, 2), rotation=20, stretch=1.25, person_prob=0)
    annotation = record()['annotation']
    matrices = np.array([transform._random_matrix(annotation)[:, :2] for _ in range(500)])
    turn, zooms = np.linalg.qr(matrices)
    zooms = np.abs(np.diagonal(zooms, axis1=1, axis2=2)) / min(100 / 128, 80 / 96)
    ratios, scale = zooms[:, 0] / zooms[:, 1], np.sqrt(zooms.prod(1))
    angles = np.rad2deg(np.arcsin(np.abs(turn[:, 1, 0])))
    for values, low, high in ((scale, 0.5, 2), (ratios, 1 / 1.25, 1.25)):
        assert low <= values.min() < low * 1.05 and high >= values.max() > high / 1.05
        assert abs(np.log(values).mean() - np.log(low * high) / 2) < 0.1 * np.log(high / low)
    assert 18 < angles.max() <= 20
    assert (np.linalg.det(matrices) > 0).all()


def test_people_out_of_view_are_taken_out_and_ids_stay_dense():
    np.random.seed(0)
    transform = RandomAffinePeople((64, 64), scale=(2, 4), rotation=45, person_prob=0.5)
    lost = 0
    for seed in range(40):
        results = record(seed)
        before = len(results['annotation'])
        annotation = transform(results)['annotation']
        lost += before - len(annotation)
        pixels = np.bincount(annotation.person_map.ravel(), minlength=256)
        assert not pixels[len(annotation) + 1 : 255].any()
        assert ((pixels[1 : len(annotation) + 1] > 0) | (annotation.joints[..., 2] > 0).any(1)).all()
        joints = annotation.joints[annotation.joints[..., 2] > 0]
        assert ((joints[:, :2] >= -0.5) & (joints[:, :2] < 63.5)).all()
        for person, (x0, y0, x1, y1) in enumerate(annotation.boxes):
            rows, columns = np.nonzero(annotation.person_map == person + 1)
            assert 0 <= x0 <= x1 <= 63 and 0 <= y0 <= y1 <= 63
            if len(rows):
                assert x0 - 1 <= columns.min() and columns.max() <= x1 + 1
                assert y0 - 1 <= rows.min() and rows.max() <= y1 + 1
    assert lost > 10


def test_image_without_people_and_seed():
    def draw():
        results = record()
        maps = results['annotation'].part_map * 0, results['annotation'].person_map * 0
        nobody = ParseAnnotation(*maps, np.zeros((0, 17, 3), np.float32), np.zeros((0, 4), np.float32))
        np.random.seed(5)
        return RandomAffinePeople((50, 40))(dict(results, annotation=nobody))

    first, second = draw(), draw()
    assert len(first['annotation']) == 0
    np.testing.assert_array_equal(first['img'], second['img'])


@pytest.mark.parametrize(
    'options',
    [
        dict(size=(0, 9)), dict(scale=(0, 1)), dict(scale=(2, 1)), dict(rotation=-1), dict(stretch=0.9),
        dict(shift=-0.1), dict(person_prob=1.5),
    ],
)  # fmt: skip
def test_mistakes(options):
    with pytest.raises(ValueError, match='expected'):
        RandomAffinePeople(**dict(size=(9, 9)) | options)
