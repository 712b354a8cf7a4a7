"""mIoU and accuracies, by hand."""

import numpy as np
import pytest

from mmhparse.evaluation.functional import part_confusion, semantic_part_scores

# class 2 is missed, class 3 is invented, class 4 is in neither map; one pixel is ignored
TRUTH = np.array([[0, 0, 0, 1, 1, 2, 255]])
PREDICTED = np.array([[0, 0, 1, 1, 1, 3, 4]])


def test_confusion():
    confusion = part_confusion(PREDICTED, TRUTH, 5)
    assert confusion.sum() == 6
    assert (confusion[0, 0], confusion[0, 1], confusion[1, 1], confusion[2, 3]) == (2, 1, 2, 1)


def test_by_hand():
    scores = semantic_part_scores(part_confusion(PREDICTED, TRUTH, 5))
    np.testing.assert_allclose(scores.iou, [2 / 3, 2 / 3, 0, 0, np.nan])
    np.testing.assert_allclose(scores.accuracy, [2 / 3, 1, 0, np.nan, np.nan])
    assert scores.miou == pytest.approx((2 / 3 + 2 / 3) / 4)
    assert scores.mean_accuracy == pytest.approx((2 / 3 + 1) / 3)
    assert scores.pixel_accuracy == pytest.approx(4 / 6)
    assert scores.mean_f1 == pytest.approx((4 / 5 + 4 / 5) / 4)
    assert scores.frequency_weighted_iou == pytest.approx(3 / 6 * 2 / 3 + 2 / 6 * 2 / 3)


@pytest.mark.parametrize('protocol', ['schp', 'mg', 'm2fp'])
def test_absent_classes_as_zero(protocol):
    scores = semantic_part_scores(part_confusion(PREDICTED, TRUTH, 5), protocol)
    assert scores.miou == pytest.approx((2 / 3 + 2 / 3) / 5)
    assert scores.mean_accuracy == pytest.approx((2 / 3 + 1) / 5)


@pytest.mark.parametrize(('classes', 'same'), [(16, True), (17, False), (59, False)])
def test_pairs_of_classes_do_not_wrap_at_8_bits(classes, same):
    """docs/en/user_guides/metrics.md: the index of MG's script does, with more than 16 classes."""
    generator = np.random.default_rng(0)
    truth, predicted = generator.integers(classes, size=(2, 40, 50), dtype=np.uint8)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (truth.ravel(), predicted.ravel()), 1)
    np.testing.assert_array_equal(part_confusion(predicted, truth, classes), confusion)
    in_8_bits = np.bincount((truth * np.uint8(classes) + predicted).ravel(), minlength=classes**2)
    assert np.array_equal(in_8_bits.reshape(classes, classes), confusion) == same


def test_scores_come_from_the_sum_not_the_mean_of_images():
    small = part_confusion(np.array([[1]]), np.array([[1]]), 2)
    large = part_confusion(np.array([[0, 0, 0]]), np.array([[1, 1, 0]]), 2)
    assert semantic_part_scores(small + large).iou[1] == pytest.approx(1 / 3)


def test_all_ignored_is_undefined():
    scores = semantic_part_scores(part_confusion(np.zeros((2, 2), int), np.full((2, 2), 255), 3))
    assert np.isnan([scores.miou, scores.mean_accuracy, scores.pixel_accuracy]).all()
    assert scores.frequency_weighted_iou == 0  # as the official script has it


@pytest.mark.parametrize(
    ('predicted', 'truth', 'message'),
    [
        ([[0, 5]], [[0, 1]], 'predicted part_map has labels from 0 to 5'),
        ([[0, 1]], [[0, 5]], 'true part_map has labels from 0 to 5'),
        ([[0, 1, 1]], [[0, 1]], r'\(1, 3\)'),
    ],
)
def test_bad_maps(predicted, truth, message):
    with pytest.raises(ValueError, match=message):
        part_confusion(np.array(predicted), np.array(truth), 5)


def test_unknown_protocol():
    with pytest.raises(ValueError, match="no protocol 'cihp'"):
        semantic_part_scores(np.eye(2), 'cihp')


@pytest.mark.parametrize('kind', [np.uint8, np.int8, np.uint16, np.float32])
def test_counts_of_few_bits_do_not_wrap(kind):
    """Before, twice the hits wrapped in the F1 score of a table of 8 bits."""
    confusion = np.array([[100, 20], [10, 90]])
    assert semantic_part_scores(confusion.astype(kind)).mean_f1 == semantic_part_scores(confusion).mean_f1


@pytest.mark.parametrize(
    ('confusion', 'message'),
    [
        (np.ones((3, 4)), r'must be \(C, C\).*got \(3, 4\)'),
        (np.ones(3), r'must be \(C, C\).*got \(3,\)'),
        (-np.eye(2), 'negative or not finite'),
        (np.full((2, 2), np.nan), 'negative or not finite'),
    ],
)
def test_what_is_no_table_of_counts_is_refused(confusion, message):
    with pytest.raises(ValueError, match=message):
        semantic_part_scores(confusion)


def test_maps_of_several_images_are_not_called_of_another_size():
    with pytest.raises(ValueError, match=r'that of one image, \(H, W\), got \(2, 3, 4\); add the tables'):
        part_confusion(np.zeros((2, 3, 4), int), np.zeros((2, 3, 4), int), 3)
