"""Numbers that reach OpenCV: whatever a prediction holds, pictures are drawn, and only within the picture."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.datasets.derived.taught_labels import _limb_core
from mmhparse.visualization import canvas

SPECIAL = [math.nan, math.inf, -math.inf, 1e300, -1e300, 2.0**31, -(2.0**31), 2.0**63, 1e8, 0.0, -0.5, 31.6]
NUMBERS = st.sampled_from(SPECIAL) | st.floats(-100, 100)
POINTS = st.tuples(NUMBERS, NUMBERS)
PLACES = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)) | st.tuples(st.floats(-9, 40), st.floats(-9, 40))
"""Joints of annotations, which are checked where they are read."""


@settings(max_examples=100)
@given(start=POINTS, end=POINTS, radius=st.floats(0, 50), width=st.integers(1, 9), height=st.floats(1, 40))
def test_lines_dots_and_text(start, end, radius, width, height):
    picture = np.zeros((24, 32, 3), np.uint8)
    canvas.draw_line(picture, start, end, (1, 2, 3), width)
    canvas.draw_arrow(picture, start, end, (1, 2, 3), width)
    canvas.draw_dot(picture, start, radius, (1, 2, 3))
    canvas.draw_tag(picture, 'tag', end, height, (1, 2, 3))
    canvas.draw_text(picture, 'text', start[0], start[1], height, (1, 2, 3))
    assert picture.shape == (24, 32, 3)
    if np.isnan(start).any() and np.isnan(end).any():
        assert not picture.any()


@settings(max_examples=60)
@given(first=PLACES, second=PLACES, half_width=st.floats(0, 30))
def test_limbs_of_taught_labels(first, second, half_width):
    core = _limb_core(np.array(first), np.array(second), half_width, (24, 32))
    assert core.shape == (24, 32)
