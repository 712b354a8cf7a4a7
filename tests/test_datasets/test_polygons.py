"""Outlines of masks: filled again, they are the masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from scipy.ndimage import binary_fill_holes

from mmhparse.datasets.polygons import outlines_of


def filled(outlines, shape):
    codes = coco_mask.frPyObjects(outlines, *shape)
    return coco_mask.decode(coco_mask.merge(codes)).astype(bool)


@given(st.lists(st.tuples(*[st.integers(0, 14)] * 4), min_size=1, max_size=6))
def test_rectangles_come_back_with_their_holes_filled(corners):
    mask = np.zeros((16, 20), bool)
    for x1, y1, x2, y2 in corners:
        mask[min(y1, y2) : max(y1, y2) + 1, min(x1, x2) : max(x1, x2) + 1] = True
    outlines = outlines_of(mask)
    assert all(len(outline) >= 6 for outline in outlines)
    np.testing.assert_array_equal(filled(outlines, mask.shape), binary_fill_holes(mask))


@pytest.mark.parametrize('radius', [3, 10, 40])
def test_round_regions_come_back(radius):
    y, x = np.mgrid[:100, :120]
    mask = (x - 55) ** 2 + (y - 48) ** 2 <= radius**2
    np.testing.assert_array_equal(filled(outlines_of(mask), mask.shape), mask)


def test_nothing_has_no_outline():
    assert outlines_of(np.zeros((5, 5), bool)) == []
