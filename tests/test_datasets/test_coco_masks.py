import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from mmhparse.datasets.readers.coco_masks import box_mask, decode_runs, segmentation_mask

MASKS = arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.booleans(), fill=st.booleans())


def compressed(mask) -> dict:
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(size=list(mask.shape), counts=code['counts'].decode())


def plain(mask) -> dict:
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat.astype(int), prepend=0))
    return dict(size=list(mask.shape), counts=np.diff([0, *edges, flat.size]).tolist())


@given(MASKS)
def test_both_codes_mean_what_pycocotools_means(mask):
    for code in (compressed(mask), plain(mask)):
        np.testing.assert_array_equal(segmentation_mask(code, mask.shape), mask)
    bytes_code = compressed(mask) | dict(counts=compressed(mask)['counts'].encode())
    np.testing.assert_array_equal(decode_runs(bytes_code), mask)


def test_long_runs():
    mask = np.zeros((3000, 2000), bool)
    mask[5, 1] = mask[7:, 1990:] = True
    np.testing.assert_array_equal(decode_runs(compressed(mask)), mask)


@given(MASKS, st.integers(1, 30))
def test_codes_cut_short_are_errors_or_whole(mask, lost):
    """pycocotools returns memory that was never written for some of these."""
    code = compressed(mask)
    code['counts'] = code['counts'][:-lost]
    with pytest.raises(ValueError, match='broken run-length code'):
        decode_runs(code)


@pytest.mark.parametrize('counts', ['', '\x01', 'zzzz', 'QQQQ', 'o' * 9 + '0', '~', [5], [-2, 102], [50, 51], []])
def test_broken_codes(counts):
    with pytest.raises(ValueError, match='broken run-length code'):
        decode_runs(dict(size=[10, 10], counts=counts))


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r'\(4, 5\) .height, width., got \(5, 4\)'):
        segmentation_mask(dict(size=[5, 4], counts=[20]), (4, 5))


def test_polygons():
    square = [1, 1, 4, 1, 4, 3, 1, 3]
    expected = np.zeros((5, 6), bool)
    expected[1:3, 1:4] = True
    np.testing.assert_array_equal(segmentation_mask([square], (5, 6)), expected)
    np.testing.assert_array_equal(segmentation_mask([[0, 0, 5, 5], square], (5, 6)), expected)
    assert not segmentation_mask([], (5, 6)).any()


def test_boxes():
    expected = np.zeros((6, 8), bool)
    expected[1:4, 2:6] = True
    np.testing.assert_array_equal(box_mask([2.5, 1.5, 3, 2], (6, 8)), expected)
    assert box_mask([-5, -5, 100, 100], (6, 8)).all()
    for box in ([2, 2, 0, 3], [5, 5, -3, -3], [np.nan, 0, 3, 3], [50, 50, 4, 4]):
        assert not box_mask(box, (6, 8)).any()
