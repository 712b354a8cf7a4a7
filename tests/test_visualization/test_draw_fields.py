"""Fields, candidates and matches land on the pixels of the image that they are about, whatever its size."""

import cv2
import numpy as np
import pytest
import torch

from mmhparse.structures import COCO_17, ImageGeometry, JointCandidates, ParseFields, PoseFields
from mmhparse.visualization import (
    draw_candidates,
    draw_heatmaps,
    draw_limb_fields,
    draw_matches,
    draw_projection,
)
from mmhparse.visualization.canvas import spread_colours
from mmhparse.visualization.directions import direction_colours
from mmhparse.visualization.draw_matches import score_colour
from mmhparse.visualization.grids import grid_to_image

SIZE, STRIDE = (128, 96), 4  # (W, H) of the network input
IMAGE = np.full((96, 128, 3), 90, dtype=np.uint8)
LARGE = np.full((192, 256, 3), 90, dtype=np.uint8)
GEOMETRY = ImageGeometry((256, 192), SIZE)  # an image twice as large as the network input


def fields(batch=1):
    """All 0, and background everywhere."""
    width, height = SIZE[0] // STRIDE, SIZE[1] // STRIDE
    logits = torch.zeros(batch, 15, height, width)
    logits[:, 0] = 1
    pose = PoseFields(
        joint_heatmaps=torch.zeros(batch, 17, height, width),
        joint_offsets=torch.zeros(batch, 17, 2, height, width),
        limb_fields=torch.zeros(batch, len(COCO_17.limbs), 2, height, width),
        stride=STRIDE,
    )
    return ParseFields(
        pose=pose,
        projection=(torch.zeros(batch, 2, height, width), torch.zeros(batch, 2, height // 2, width // 2)),
        part_logits=logits,
        part_stride=STRIDE,
    )


@pytest.mark.parametrize('image_size', [(128, 96), (256, 192), (100, 75), (77, 96)])
def test_grids_are_read_where_they_are(image_size):
    # a linear field of the input's x and y is read exactly, away from the border cells
    geometry = ImageGeometry(image_size, SIZE)
    xs, ys = (np.arange(32) + 0.5) * STRIDE - 0.5, (np.arange(24) + 0.5) * STRIDE - 0.5
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    read = grid_to_image(grid, STRIDE, image_size, geometry)
    expected = np.stack(np.meshgrid(*geometry.pixels_in_input()), axis=-1)
    inside = ((expected >= 2) & (expected <= np.array(SIZE) - 3)).all(2)
    np.testing.assert_allclose(read[inside], expected[inside], atol=0.1)


@pytest.mark.parametrize(('image', 'geometry', 'scale'), [(IMAGE, None, 1), (LARGE, GEOMETRY, 2)])
def test_heatmaps(image, geometry, scale):
    given = fields()
    given.joint_heatmaps[0, 3, 10, 20] = 1
    drawn = draw_heatmaps(image, given, geometry)
    weight = (drawn.astype(int) - drawn[0, 0]).clip(0).sum(2)
    y, x = (int(value) for value in np.unravel_index(weight.argmax(), weight.shape))
    centre = (np.array([20.5, 10.5]) * STRIDE * scale) - 0.5
    assert np.abs(centre - (x, y)).max() <= 1
    hue = cv2.cvtColor(drawn, cv2.COLOR_RGB2HSV)[y, x, 0]
    assert abs(int(hue) - int(cv2.cvtColor(np.uint8([[spread_colours(17)[3]]]), cv2.COLOR_RGB2HSV)[0, 0, 0])) < 4
    assert not weight[:, : 60 * scale].any()


def test_directions():
    vectors = np.array([[[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0]]], dtype=np.float32)
    hue, saturation, _ = cv2.split(cv2.cvtColor((direction_colours(vectors, 1.0) / 255), cv2.COLOR_RGB2HSV))
    np.testing.assert_allclose(hue[0, :4], [0, 90, 180, 270], atol=0.5)
    np.testing.assert_allclose(saturation[0], [1, 1, 1, 1, 0], atol=1e-3)
    half = direction_colours(vectors, 2.0) / 255
    np.testing.assert_allclose(cv2.cvtColor(half, cv2.COLOR_RGB2HSV)[0, :4, 1], 0.5, atol=1e-3)


def test_limb_fields_show_the_strongest_limb():
    given = fields()
    given.limb_fields[0, 2, :, 4, 8:16] = torch.tensor([1.0, 0])[:, None]
    given.limb_fields[0, 7, :, 4, 8:16] = torch.tensor([0, -0.5])[:, None]
    drawn = draw_limb_fields(LARGE, given, GEOMETRY)
    assert drawn[35, 100, 0] > 200 and drawn[35, 100, 1:].max() < 10  # red: to the right, as limb 2 says
    assert (drawn[35, 150] == drawn[0, 0]).all()


def foreground(given, rows, columns):
    given.part_logits[0, 3, rows, columns] = 5
    return given


def test_projection_wheel_covers_parts_only():
    given = foreground(fields(), slice(4, 12), slice(8, 16))
    given.projection[0][0, 1] = 10  # down
    drawn = draw_projection(LARGE, given, GEOMETRY)
    x, y = 90, 64
    hue = cv2.cvtColor(drawn, cv2.COLOR_RGB2HSV)[y, x, 0]
    assert abs(int(hue) - 45) < 3  # 90 degrees, in OpenCV's half degrees
    assert len(np.unique(drawn[:24].reshape(-1, 3), axis=0)) == 1
    # above the legend, the width of which depends on OpenCV's letters
    assert len(np.unique(drawn[:160, 150:].reshape(-1, 3), axis=0)) == 1


def test_projection_levels_are_of_their_own_stride():
    given = foreground(fields(), slice(0, 24), slice(0, 16))
    given.projection[1][0, 0, :, 8:] = 10  # the right half of the coarse level points right
    given.projection[1][0, 0, :, :8] = -10
    drawn = draw_projection(IMAGE, given, level=1)
    red, cyan = drawn[5, 3].tolist(), drawn[5, 70].tolist()
    assert red[0] < red[2] and cyan == drawn[0, 127].tolist()


def test_projection_arrows_end_where_pixels_land():
    given = foreground(fields(), slice(10, 12), slice(10, 12))  # input pixels 40 to 47
    given.projection[0][0, 0] = 30
    drawn = draw_projection(LARGE, given, GEOMETRY, style='arrows')
    bright = np.flatnonzero((drawn.max(2) > 200).any(0))
    assert 79 <= bright.min() <= 90 and 140 <= bright.max() <= 156  # from x = 80 .. 95, 60 pixels on
    with pytest.raises(ValueError, match="'wheel' or 'arrows'"):
        draw_projection(IMAGE, given, style='stars')


def candidates():
    xy = torch.zeros(1, 17, 2, 2)
    xy[0, 5, 0], xy[0, 7, 0], xy[0, 7, 1] = torch.tensor([20.0, 20]), torch.tensor([20.0, 60]), torch.tensor([70.0, 60])
    mask = torch.zeros(1, 17, 2, dtype=torch.bool)
    mask[0, 5, 0] = mask[0, 7] = True
    return JointCandidates(xy, torch.full((1, 17, 2), 0.8), mask)


@pytest.mark.parametrize(('image', 'geometry', 'scale'), [(IMAGE, None, 1), (LARGE, GEOMETRY, 2)])
def test_candidates(image, geometry, scale):
    drawn = draw_candidates(image, candidates(), geometry)
    colours = spread_colours(17)
    assert tuple(drawn[20 * scale, 20 * scale]) == colours[5]
    assert tuple(drawn[60 * scale, 70 * scale]) == tuple(drawn[60 * scale, 20 * scale]) == colours[7]
    assert len(np.unique(drawn[:10, :10])) == 1  # padding is not drawn


def test_matches():
    limb = COCO_17.limbs.index((5, 7))
    links, scores = torch.tensor([[limb, 0, 1]]), torch.tensor([0.3])
    drawn = draw_matches(LARGE, candidates(), links, scores, 'coco_17', GEOMETRY)
    assert tuple(drawn[81, 91]) == score_colour(0.3)  # half way from (40.5, 40.5) to (140.5, 120.5)
    assert len(np.unique(drawn[70:90, 35:45])) == 1  # the other candidate is not linked
    none = draw_matches(LARGE, candidates(), torch.zeros(0, 3, dtype=torch.long), torch.zeros(0), COCO_17, GEOMETRY)
    assert tuple(none[41, 41]) == spread_colours(17)[5]
    with pytest.raises(ValueError, match='limb 99'):
        draw_matches(IMAGE, candidates(), torch.tensor([[99, 0, 0]]), scores, COCO_17)


def test_score_colours_grow_brighter():
    brightness = [np.dot(score_colour(score), (0.3, 0.6, 0.1)) for score in np.linspace(0, 1, 9)]
    assert brightness == sorted(brightness)


@pytest.mark.parametrize('draw', [draw_heatmaps, draw_limb_fields, draw_projection])
def test_one_picture_shows_one_image(draw):
    with pytest.raises(ValueError, match='2 images'):
        draw(IMAGE, fields(batch=2))
    before = IMAGE.copy()
    assert draw(IMAGE, fields()).shape == IMAGE.shape
    np.testing.assert_array_equal(IMAGE, before)
