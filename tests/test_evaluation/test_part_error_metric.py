"""PartErrorMetric through mmengine's evaluator."""

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from parse_samples import META, damaged, evaluate, maps, perfect, without_people

from mmhparse.evaluation import PartErrorMetric
from mmhparse.evaluation.error_analysis import ERROR_KINDS

METRIC = [dict(type='mmhparse.PartErrorMetric')]


def test_the_pieces_add_up_to_what_the_other_metric_lacks():
    samples = [damaged(seed) for seed in range(4)]
    scores = evaluate(samples, [*METRIC, dict(type='mmhparse.InstancePartMetric')])
    assert set(scores) >= {'AP_p_lost', *(f'AP_p_lost_{kind}' for kind in ERROR_KINDS)}
    pieces = [scores[f'AP_p_lost_{kind}'] for kind in ERROR_KINDS]
    assert sum(pieces) == pytest.approx(scores['AP_p_lost']) == pytest.approx(1 - scores['AP_p_vol'])
    assert all(type(value) is float for value in scores.values())


def test_a_perfect_prediction_loses_nothing():
    scores = evaluate([perfect(seed) for seed in range(2)], METRIC)
    assert scores == pytest.approx(dict.fromkeys(scores, 0.0))


def test_the_worst_images_are_kept():
    metric = PartErrorMetric(keep_worst=2)
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = META
    half = perfect(1, img_path='half.png')
    half.pred_parsing.person_map[half.pred_parsing.person_map == 1] = 0
    samples = [perfect(0), half, without_people(perfect(2, img_path='all.png')), perfect(3)]
    for sample in samples:
        evaluator.process(data_samples=[sample], data_batch=None)
    assert evaluator.evaluate(4)['AP_p_lost_missed_person'] == pytest.approx(metric.analysis.lost.mean())
    assert [(image.index, image.name, image.lost_people) for image in metric.worst] == [
        (2, 'all.png', pytest.approx(2)), (1, 'half.png', pytest.approx(1)),
    ]  # fmt: skip
    np.testing.assert_array_equal(metric.worst[0].truth.person_map[0], maps(2)[1])


def test_the_image_is_named():
    sample = perfect(img_path='photos/broken.png')
    sample.pred_people.scores[0] = float('nan')
    with pytest.raises(ValueError, match=r'photos/broken\.png: the score of predicted person 1 is NaN'):
        evaluate([sample], METRIC)
