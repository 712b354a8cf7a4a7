"""Pictures of errors."""

import numpy as np
import pytest

from mmhparse.evaluation.error_analysis import ERROR_KINDS, find_errors
from mmhparse.evaluation.functional import PeopleMaps
from mmhparse.visualization import ERROR_COLOURS, draw_errors


def test_wrong_pixels_have_the_colour_of_their_kind():
    image = np.zeros((40, 60, 3), np.uint8)
    parts, persons = np.zeros((40, 60), np.uint8), np.zeros((40, 60), np.int32)
    parts[5:35, 5:25], persons[5:35, 5:25] = 1, 1
    truth = PeopleMaps(parts, persons)
    predicted = PeopleMaps(np.where(np.arange(40)[:, None] < 20, parts, parts * 2), persons)
    errors = find_errors(predicted, truth, 1)
    picture = draw_errors(image, predicted, truth, errors, 'densepose_14', least_height=40)
    expected = np.rint(0.85 * np.array(ERROR_COLOURS[ERROR_KINDS.index('wrong_part')]))
    wrong = (picture == expected).all(-1)
    # the third panel; legends hold the colour without the image below it
    assert wrong.sum() == 15 * 20
    assert np.flatnonzero(wrong.any(0)).min() > 2 * 60


def test_the_picture_is_enlarged_and_sizes_must_agree():
    image = np.zeros((20, 30, 3), np.uint8)
    nobody = PeopleMaps(np.zeros((20, 30), int), np.zeros((20, 30), int))
    errors = find_errors(nobody, nobody, 1)
    assert draw_errors(image, nobody, nobody, errors, 'densepose_14', least_height=90).shape[0] > 100
    with pytest.raises(ValueError, match='as the image'):
        draw_errors(image[:10], nobody, nobody, errors, 'densepose_14')
