"""The registered metrics, through mmengine's evaluator, on real data samples."""

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from parse_samples import ALL, META, evaluate, joints_of, maps, perfect, pixels, predict, with_truth, without_people

from mmhparse.registry import METRICS
from mmhparse.structures import make_people


def test_a_perfect_prediction_scores_one_everywhere():
    scores = evaluate([perfect(seed) for seed in range(3)])
    percents = range(10, 100, 10)
    assert set(scores) == {
        'mIoU', 'pixel_accuracy', 'mean_accuracy', 'AP_p_vol', 'AP_r_vol',
        'OKS_AP', 'OKS_AP_50', 'OKS_AP_75', 'OKS_AR',
        *(f'{name}_{percent}' for name in ('AP_p', 'PCP', 'AP_r') for percent in percents),
    }  # fmt: skip
    assert scores == pytest.approx(dict.fromkeys(scores, 1.0))
    assert all(type(value) is float for value in scores.values())


def test_an_image_without_predictions_and_one_without_people():
    missed = without_people(with_truth(*maps(0), joints_of(2), img_id=7))
    empty = np.zeros((40, 60), int)
    nobody = with_truth(empty, empty, torch.zeros(0, 17, 2), img_id=8)
    invented = predict(nobody, *maps(0), joints_of(2), [0.95, 0.95])
    scores = evaluate([perfect(0), missed, invented])
    # ranks: two wrong of 0.95, then two right; two of four people are found
    assert scores['AP_p_50'] == scores['AP_p_vol'] == pytest.approx(1 / 2 * 2 / 4)
    assert scores['PCP_50'] == pytest.approx(1 / 2)
    # foreground pixels: 1800 right, 1800 missed, 1800 invented; background: 600 of each image, right
    assert scores['pixel_accuracy'] == pytest.approx((1800 + 1800) / 7200)
    assert 0 < scores['OKS_AP'] < 0.6
    assert 0 < scores['AP_r_50'] < 0.6


def test_no_predictions_at_all_score_zero():
    scores = evaluate([without_people(with_truth(*maps(0), joints_of(2), img_id=7))])
    for name in ('AP_p_50', 'AP_p_vol', 'PCP_50', 'AP_r_vol', 'OKS_AP'):
        assert scores[name] == 0.0


def test_exchanged_people_keep_the_part_map_right_and_the_people_wrong():
    part_map, person_map = maps(0)
    middle = np.where((person_map > 0) & (np.arange(60) % 20 < 10), 3 - person_map, person_map)
    sample = predict(with_truth(part_map, person_map, joints_of(2)), part_map, middle, joints_of(2), [0.9, 0.8])
    scores = evaluate([sample])
    assert scores['mIoU'] == 1.0
    assert scores['AP_p_80'] == 0.0
    assert scores['OKS_AP'] == pytest.approx(1.0)


def test_a_predicted_person_without_pixels_is_no_prediction():
    sample = perfect(0)
    people = sample.pred_people
    sample.pred_people = make_people(
        torch.cat([people.keypoints, joints_of(1, 9)]), torch.ones(3, 17), torch.tensor([0.5, 0.4, 0.99])
    )
    scores = evaluate([sample], [dict(type='mmhparse.InstancePartMetric')])
    assert scores == dict.fromkeys(scores, 1.0)
    assert evaluate([sample], [dict(type='mmhparse.InstancePartMetric', protocol='mhp_v2')])['AP_p_50'] == 2 / 3


def test_scores_belong_to_the_ids_of_the_person_map():
    # person 1 of the person map is wrong and has row 0 of the scores
    part_map, person_map = maps(0)
    wrong = np.where(person_map == 1, part_map % 14 + 1, part_map)
    ap = []
    for scores in ([0.9, 0.8], [0.8, 0.9]):
        sample = predict(with_truth(part_map, person_map, joints_of(2)), wrong, person_map, joints_of(2), scores)
        ap.append(evaluate([sample], [dict(type='mmhparse.InstancePartMetric')])['AP_p_50'])
    assert ap == [1 / 2 * 1 / 2, 1 / 2]


def test_the_evaluator_hands_over_public_names():
    record = perfect(0).to_dict()
    assert {'gt_people', 'gt_parsing', 'pred_people', 'pred_parsing', 'pred_parts', 'img_id', 'img_path'} <= set(record)
    assert not [name for name in record if name.startswith('_')]


def test_prefix_and_protocol():
    prefixed = evaluate([perfect()], [dict(type='mmhparse.InstancePartMetric', prefix='val', protocol='mhp_v1')])
    assert prefixed['val/AP_p_50'] == 1.0
    part_map, person_map = maps(0)
    part_map[part_map == part_map[39, 0]] = 0  # a class that is nowhere
    sample = predict(with_truth(part_map, person_map, joints_of(2)), part_map, person_map, joints_of(2), [0.9, 0.8])
    zeros = evaluate([sample], [dict(type='mmhparse.SemanticPartMetric', protocol='schp')])['mIoU']
    assert zeros == len(np.unique(part_map)) / 15


def test_results_are_small():
    metrics = [METRICS.build(metric) for metric in ALL]
    for metric in metrics:
        metric.dataset_meta = META
        metric.process(None, [perfect(img_path='a.png').to_dict()])
        (record,) = metric.results
        arrays = (
            [record]
            if isinstance(record, np.ndarray)
            else [value for value in vars(record).values() if isinstance(value, np.ndarray)]
        )
        assert sum(array.size for array in arrays) < 40 * 60 / 2


def broken(change):
    sample = perfect(img_path='photos/broken.png', img_id=3)
    change(sample)
    return sample


def other_size(sample):
    part_map, person_map = maps(0, (30, 60))
    sample.pred_parsing = pixels(part_map, person_map)


def out_of_range(sample):
    sample.pred_parsing.part_map[0, 20, 20] = 15


def stranger(sample):
    sample.pred_parsing.person_map[0, 20, 20] = 9


def nan_score(sample):
    sample.pred_people.scores[1] = float('nan')


def infinite_score(sample):
    sample.pred_people.scores[1] = float('inf')
    sample.pred_parts.scores[-1] = float('-inf')


def real_labels(sample):
    sample.pred_parts.labels = sample.pred_parts.labels + 0.5


def real_parts(sample):
    sample.pred_parsing.part_map = sample.pred_parsing.part_map + 0.5


def no_prediction(sample):
    del sample.pred_parsing


def fewer_joints(sample):
    sample.pred_people.keypoints = sample.pred_people.keypoints[:, :14]


def unlisted_part(sample):
    sample.pred_parts = sample.pred_parts[1:]


def part_listed_twice(sample):
    sample.pred_parts = InstanceData.cat([sample.pred_parts, sample.pred_parts[:1]])


def unknown_part(sample):
    sample.pred_parts.labels[0] = 15


@pytest.mark.parametrize(
    ('metric', 'change', 'message'),
    [
        ('SemanticPartMetric', other_size, 'size of the original image'),
        ('InstancePartMetric', other_size, 'size of the original image'),
        ('PartRegionMetric', other_size, 'size of the original image'),
        ('SemanticPartMetric', out_of_range, 'labels from 0 to 15'),
        ('InstancePartMetric', out_of_range, 'label 15'),
        ('PartRegionMetric', out_of_range, 'label 15'),
        ('InstancePartMetric', stranger, 'id 9, but there are only 2'),
        ('InstancePartMetric', nan_score, 'person 2 is NaN'),
        ('JointMetric', nan_score, 'person 2 is NaN'),
        ('InstancePartMetric', infinite_score, 'person 2 is inf'),
        ('JointMetric', infinite_score, 'person 2 is inf'),
        ('PartRegionMetric', infinite_score, r'pred_parts.scores has -inf in row \d+, of person 2'),
        ('PartRegionMetric', real_labels, 'pred_parts.labels must be integers'),
        ('SemanticPartMetric', real_parts, 'the predicted part_map must hold integers'),
        ('JointMetric', fewer_joints, r"\(P, 17, 2\) for skeleton 'coco_17'"),
        ('SemanticPartMetric', no_prediction, 'no pred_parsing.part_map. Does the model predict it'),
        ('PartRegionMetric', unlisted_part, 'has pixels but no score'),
        ('PartRegionMetric', part_listed_twice, 'lists a part of a person twice'),
        ('PartRegionMetric', unknown_part, 'pred_parts.labels must be from 1 to 14'),
    ],
)
def test_errors_name_the_image(metric, change, message):
    with pytest.raises(ValueError, match=rf'photos/broken\.png: .*{message}'):
        evaluate([broken(change)], [dict(type=f'mmhparse.{metric}')])


def test_an_error_without_a_path_names_the_id():
    sample = perfect(img_id=31)
    other_size(sample)
    with pytest.raises(ValueError, match='image 31: '):
        evaluate([sample])


@pytest.mark.parametrize('metric', [*ALL, dict(type='mmhparse.PartErrorMetric')], ids=lambda metric: metric['type'])
def test_a_set_without_truth_is_nan_by_all_the_names_that_the_metric_has(metric, monkeypatch):
    """A training whose validation set has nobody goes on; ``save_best`` is checked against these names."""
    warnings = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', warnings.append)
    ignored = np.full((40, 60), 255)
    sample = with_truth(ignored, ignored, torch.zeros(0, 17, 2))
    predict(sample, *maps(0), joints_of(2), [0.9, 0.8])
    undefined = evaluate([sample], [metric])
    assert np.isnan(list(undefined.values())).all()
    (warning,) = [warning for warning in warnings if 'are NaN' in warning]
    assert 'none of 1 images has' in warning
    names = METRICS.get(metric['type']).NAMES
    assert tuple(undefined) == names == tuple(evaluate([perfect()], [metric]))


@pytest.mark.parametrize('name', ['part_map', 'pred.', '.part_map'])
def test_names_of_maps_have_a_field_and_a_key(name):
    with pytest.raises(ValueError, match=r"expected a field and a key of a data sample, 'FIELD.KEY'"):
        METRICS.build(dict(type='mmhparse.SemanticPartMetric', predicted=name))


def test_metainfo_without_part_set():
    with pytest.raises(ValueError, match='must name its part_set'):
        evaluate([perfect()], meta=dict(dataset_name='two'))
