import cv2
import numpy as np
import pytest

from mmhparse.datasets import PhotometricDistortPeople

IMAGE = np.random.default_rng(0).integers(40, 200, (20, 30, 3), np.uint8)
STILL = dict(brightness=0, contrast=0, saturation=0, hue=0, grey_prob=0)


def distort(**options):
    return PhotometricDistortPeople(**STILL | options)(dict(img=IMAGE.copy()))['img']


def hsv(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL).astype(int)


def with_changes(monkeypatch, *changes):
    transform = PhotometricDistortPeople(grey_prob=0)
    monkeypatch.setattr(transform, '_random_changes', lambda: np.array(changes))
    return transform(dict(img=IMAGE.copy()))['img']


def test_nothing_drawn_changes_nothing():
    np.testing.assert_array_equal(distort(), IMAGE)


def test_grey():
    image = distort(grey_prob=1)
    assert image.shape == IMAGE.shape
    assert (image == image[..., :1]).all()


def test_each_change_does_what_its_name_says(monkeypatch):
    np.testing.assert_allclose(with_changes(monkeypatch, 0.2, 0, 0, 0), np.minimum(IMAGE * 1.2, 255), atol=1)
    lower = with_changes(monkeypatch, 0, -0.5, 0, 0)
    assert abs(lower.std() / IMAGE.std() - 0.5) < 0.05 and abs(lower.mean() - IMAGE.mean()) < 3
    paler = with_changes(monkeypatch, 0, 0, -0.5, 0)
    assert hsv(paler)[..., 1].mean() < 0.7 * hsv(IMAGE)[..., 1].mean()


@pytest.mark.parametrize('turn', [0.25, -0.25])
def test_hue_turns_both_ways(monkeypatch, turn):
    turned = with_changes(monkeypatch, 0, 0, 0, turn)
    difference = (hsv(turned)[..., 0] - hsv(IMAGE)[..., 0] - round(256 * turn) + 128) % 256 - 128
    colourful = hsv(IMAGE)[..., 1] > 60
    assert np.abs(difference[colourful]).max() <= 4


def test_draws_stay_in_their_ranges_and_follow_the_seed():
    transform = PhotometricDistortPeople(0.4, 0.3, 0.2, 0.1)
    np.random.seed(0)
    draws = np.array([transform._random_changes() for _ in range(400)])
    assert (np.abs(draws) <= [0.4, 0.3, 0.2, 0.1]).all()
    assert (np.abs(draws).max(0) > np.array([0.4, 0.3, 0.2, 0.1]) * 0.9).all()
    assert (np.abs((draws == 0).mean(0) - 0.5) < 0.1).all()
    np.random.seed(0)
    np.testing.assert_array_equal(transform._random_changes(), draws[0])


def test_the_input_is_not_written_into():
    image = IMAGE.copy()
    np.random.seed(0)
    for _ in range(10):
        PhotometricDistortPeople(hue=0.5, grey_prob=0.5)(dict(img=image))
    np.testing.assert_array_equal(image, IMAGE)


@pytest.mark.parametrize('options', [dict(brightness=2), dict(hue=0.6), dict(grey_prob=-1)])
def test_mistakes(options):
    with pytest.raises(ValueError, match='hue in'):
        PhotometricDistortPeople(**options)
