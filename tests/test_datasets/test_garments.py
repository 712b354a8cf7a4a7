"""Clothing Co-Parsing's garments as ATR's classes."""

import numpy as np
import pytest

from mmhparse.datasets.derived import ATR_OF_CCP, CCP_CLASSES, garment_map
from mmhparse.structures import ATR_18, DENSEPOSE_14, IGNORE


def labels_of(*names):
    return np.array([[CCP_CLASSES.index(name) for name in names]], np.uint8)


def body_of(*names):
    return np.array([[IGNORE if name == '?' else DENSEPOSE_14.parts.index(name) for name in names]], np.uint8)


def garments(labels, body):
    return ['?' if label == IGNORE else ATR_18.parts[label] for label in garment_map(labels, body)[0]]


def test_every_class_has_its_place():
    assert len(CCP_CLASSES) == 59 and len(set(CCP_CLASSES)) == 59
    nowhere = {'null', 'accessories', 'earrings', 'intimate', 'necklace', 'panties', 'swimwear'}
    assert set(ATR_OF_CCP) == set(CCP_CLASSES) - nowhere
    targets = {target for row in ATR_OF_CCP.values() for target in row}
    assert targets == set(ATR_18.parts) - {'background'}


def test_classes_whose_place_does_not_depend_on_the_body():
    labels = labels_of('null', 'hat', 'hair', 'glasses', 'coat', 'skirt', 'jeans', 'romper', 'belt', 'purse', 'scarf')
    found = garments(labels, np.full_like(labels, IGNORE))
    assert found == [
        'background', 'hat', 'hair', 'sunglasses', 'upper_clothes', 'skirt', 'pants', 'dress', 'belt', 'bag', 'scarf',
    ]  # fmt: skip
    assert garments(labels_of('necklace', 'accessories', 'hat'), body_of('head', 'head', 'head')) == ['?', '?', 'hat']


def test_the_body_divides_skin_socks_gloves_and_shoes():
    names = 'head', 'left_hand', 'right_upper_arm', 'left_upper_leg', 'right_foot'
    skin = garments(labels_of(*['skin'] * 5), body_of(*names))
    assert skin == ['face', 'left_arm', 'right_arm', 'left_leg', 'right_leg']
    assert garments(labels_of('socks', 'watch'), body_of('left_foot', 'right_lower_arm')) == ['left_leg', 'right_arm']
    # another garment between them: two pieces
    shoes = garments(labels_of('boots', 'pants', 'heels'), body_of('left_lower_leg', 'torso', 'right_foot'))
    assert shoes == ['left_shoe', 'pants', 'right_shoe']


def test_where_the_body_does_not_decide_the_nearest_place_does():
    # an image of 64 x 64 pixels: 0.2 of its size is 12.8 pixels
    labels, body = np.full((64, 64), CCP_CLASSES.index('skin'), np.uint8), np.full((64, 64), IGNORE, np.uint8)
    body[:] = DENSEPOSE_14.parts.index('torso')
    body[:, :10], body[:, 60:] = DENSEPOSE_14.parts.index('head'), DENSEPOSE_14.parts.index('right_hand')
    found = garment_map(labels, body)
    face, arm = ATR_18.parts.index('face'), ATR_18.parts.index('right_arm')
    assert (found[:, : 10 + 12] == face).all() and (found[:, 60 - 12 :] == arm).all()
    assert (found[:, 22:48] == IGNORE).all()
    # neither does a shoe become an arm, nor is anything decided off the person
    labels[:, 5:] = CCP_CLASSES.index('shoes')
    assert (garment_map(labels, body)[:, 5:] == IGNORE).all()
    labels[:, 5:] = 0
    assert (garment_map(labels, body)[:, 5:] == 0).all()


@pytest.mark.parametrize(('wrong', 'sides'), [(2, {'left_shoe'}), (4, {'left_shoe', 'right_shoe'})])
def test_a_piece_of_shoe_is_one_shoe_unless_much_of_it_is_the_other(wrong, sides):
    labels = labels_of(*['shoes'] * 10)
    body = body_of(*['left_foot'] * (10 - wrong), *['right_foot'] * wrong)
    assert set(garments(labels, body)) == sides


def test_maps_that_cannot_be_used():
    with pytest.raises(ValueError, match='two \\(H, W\\) maps of one size'):
        garment_map(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))
    with pytest.raises(ValueError, match='classes 0 to 58, got 59'):
        garment_map(np.full((2, 2), 59, np.uint8), np.zeros((2, 2), np.uint8))
