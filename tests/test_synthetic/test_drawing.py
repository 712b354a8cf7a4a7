"""Drawing: labels are exact at pixel centres, and layers fall where they belong."""

import numpy as np
import pytest

from mmhparse.synthetic.drawing import Fabric, Layer, Stroke, draw_layer

GREY = Fabric((100, 100, 100))


def disc(x, y, radius, part=1, depth=0.0, fabric=GREY):
    return Stroke(part, np.array([(x, y, radius)], dtype=float), depth, fabric)


def on_canvas(layer: Layer, x: int, y: int, shape=(60, 60)) -> np.ndarray:
    canvas = np.zeros(shape, dtype=np.uint8)
    window, cut = layer.overlap(x, y, shape)
    canvas[window] = layer.parts[cut]
    return canvas


@pytest.mark.parametrize(('x', 'y', 'radius'), [(0.0, 0.0, 8.0), (2.3, -1.6, 11.0), (-0.5, 0.5, 5.2)])
def test_a_disc_covers_the_pixels_whose_centres_it_holds(x, y, radius):
    drawn = on_canvas(draw_layer([disc(x, y, radius)], 1.0, 1.0), 30, 30) > 0
    rows, columns = np.mgrid[:60, :60]
    distance = np.hypot(columns - 30 - x, rows - 30 - y)
    # the outline is a polygon of twelve corners, at most 3.5 % inside the circle, and a third of a pixel coarse
    assert drawn[distance < 0.96 * radius - 0.35].all()
    assert not drawn[distance > radius + 0.35].any()
    assert (columns[drawn].mean(), rows[drawn].mean()) == pytest.approx((30 + x, 30 + y), abs=0.1)


def test_scale_multiplies_places_and_radii():
    small = on_canvas(draw_layer([disc(0.2, 0.1, 0.5)], 20.0, 1.0), 30, 30)
    large = on_canvas(draw_layer([disc(4.0, 2.0, 10.0)], 1.0, 1.0), 30, 30)
    assert (small == large).all()


def test_nearer_strokes_hide_farther_ones_in_any_order():
    near, far = disc(0, 0, 6, part=3, depth=1.0), disc(4, 0, 6, part=5, depth=0.0)
    one, other = (on_canvas(draw_layer(strokes, 1.0, 1.0), 30, 30) for strokes in ([near, far], [far, near]))
    assert (one == other).all()
    assert one[30, 33] == 3 and one[30, 38] == 5


def test_two_discs_make_a_tapered_limb():
    limb = Stroke(7, np.array([(-10.0, 0, 5), (10.0, 0, 2)]), 0.0, GREY)
    drawn = on_canvas(draw_layer([limb], 1.0, 1.0), 30, 30) == 7
    widths = drawn.sum(0)
    assert widths[20] == pytest.approx(10, abs=1.5) and widths[40] == pytest.approx(4, abs=1.5)
    assert (np.diff(widths[22:40]) <= 0).all()


def test_a_thing_is_solid_but_no_part():
    layer = draw_layer([disc(0, 0, 6, part=0)], 1.0, 1.0)
    assert not layer.parts.any() and layer.solid.sum() > 90


@pytest.mark.parametrize('place', [(-30, 10), (0, 0), (59, 59), (10, 100), (-100, -100)])
def test_layers_are_cut_at_the_border(place):
    layer = draw_layer([disc(0, 0, 8)], 1.0, 1.0)
    image = np.full((60, 60, 3), 200, dtype=np.uint8)
    wide = np.full((360, 360, 3), 200, dtype=np.uint8)
    layer.paint_on(image, *place)
    layer.paint_on(wide, place[0] + 150, place[1] + 150)
    assert (image == wide[150:210, 150:210]).all()


def test_edges_are_smooth_and_what_is_far_inside_opaque():
    layer = draw_layer([disc(0, 0, 10)], 1.0, 1.0)
    cover = layer.colours[..., 3]
    assert ((cover > 0) & (cover < 255)).any()
    image = np.full((40, 40, 3), 255, dtype=np.uint8)
    layer.paint_on(image, 20, 20)
    assert image[20, 20].max() < 120 and (image[0, 0] == 255).all()


@pytest.mark.parametrize('pattern', ['stripes', 'bars', 'checks', 'dots'])
def test_patterns_show_both_colours_and_leave_the_labels(pattern):
    fabric = Fabric((200, 0, 0), pattern, (0, 0, 200), period=8.0)
    plain = draw_layer([disc(0, 0, 20)], 1.0, 1.0)
    layer = draw_layer([disc(0, 0, 20, fabric=fabric)], 1.0, 1.0)
    blue, red = layer.colours[..., 0] > 120, layer.colours[..., 2] > 120
    share = red.sum() / (red.sum() + blue.sum())
    assert 0.2 < share < 0.7
    assert (layer.parts == plain.parts).all()
