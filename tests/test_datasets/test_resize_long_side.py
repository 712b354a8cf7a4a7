import numpy as np
import pytest

from mmhparse.datasets import ResizeLongSide
from mmhparse.structures import ImageGeometry
from mmhparse.testing import synthetic_scene


def image(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    'size, long_side, expected', [((60, 80), 40, (30, 40)), ((80, 60), 160, (160, 120)), ((3, 1000), 10, (1, 10))]
)
def test_long_side_and_aspect(size, long_side, expected):
    results = ResizeLongSide(long_side)(dict(img=image(*size), ori_shape=size, img_shape=size))
    assert results['img'].shape == (*expected, 3) and results['img_shape'] == expected
    assert results['ori_shape'] == size


def test_small_images_may_stay():
    results = ResizeLongSide(160, enlarge=False)(dict(img=image(60, 80), img_shape=(60, 80)))
    np.testing.assert_array_equal(results['img'], image(60, 80))
    assert ResizeLongSide(40, enlarge=False)(dict(img=image(60, 80)))['img_shape'] == (30, 40)


def test_shrinking_averages():
    small = ResizeLongSide(10)(dict(img=image(60, 80)))['img']
    blocks = image(60, 80)[:56].reshape(7, 8, 10, 8, 3).mean((1, 3))
    assert small.shape == (8, 10, 3)
    assert abs(small.astype(float).std() - blocks.std()) < 3


def test_pixels_go_where_image_frame_says():
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[20:24, 50:54] = 255
    results = ResizeLongSide(200)(dict(img=picture, ori_shape=(60, 80)))
    rows, columns = np.indices(results['img_shape'])
    weight = results['img'][..., 0] / results['img'][..., 0].sum(dtype=float)
    found = [(columns * weight).sum(), (rows * weight).sum()]
    np.testing.assert_allclose(
        found, ImageGeometry.from_metainfo(results).points_to_input(np.array([51.5, 21.5])), atol=0.05
    )


def test_annotation_stays_where_it_was():
    scene = synthetic_scene(0, (96, 64))
    results = ResizeLongSide(48)(dict(img=scene.image, annotation=scene.annotation))
    assert results['annotation'] is scene.annotation


def test_mistakes():
    with pytest.raises(ValueError, match='long_side >= 1'):
        ResizeLongSide(0)
