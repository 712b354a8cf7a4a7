"""The registered metrics, through mmengine's evaluator, on real data samples."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData, PixelData
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import mhparse.evaluation  # noqa: F401  registers the metrics
from mhparse.registry import METRICS
from mhparse.structures import COCO_17, HumanParseDataSample, make_people

META = dict(dataset_name='two', skeleton='coco_17', part_set='densepose_14')
ALL = [dict(type=f'mhparse.{name}') for name in (
    'SemanticPartMetric', 'InstancePartMetric', 'PartRegionMetric', 'JointMetric',
)]  # fmt: skip


def maps(seed=0, size=(40, 60), num_people=2):
    """Blocks of parts: person 1 on the left, person 2 on the right, below a strip of background."""
    rng = np.random.default_rng(seed)
    part_map = np.kron(rng.integers(1, 15, (size[0] // 10, size[1] // 10)), np.ones((10, 10), int))
    person_map = np.arange(size[1]) * num_people // size[1] + np.ones((size[0], 1), int)
    part_map[:10], person_map[:10] = 0, 0
    return part_map, person_map


def joints_of(num_people, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(5, 55, (num_people, 17, 2))).float()


def pixels(part_map, person_map):
    return PixelData(
        part_map=torch.as_tensor(part_map, dtype=torch.uint8)[None],
        person_map=torch.as_tensor(person_map, dtype=torch.int32)[None],
    )


def with_truth(part_map, person_map, joints, **metainfo):
    sample = HumanParseDataSample(metainfo=metainfo)
    sample.gt_parsing = pixels(part_map, person_map)
    sample.gt_people = InstanceData(
        joints=torch.cat([joints, torch.full((*joints.shape[:2], 1), 2.0)], dim=2),
        bboxes=torch.zeros(len(joints), 4),
        areas=torch.tensor([int((person_map == p + 1).sum()) for p in range(len(joints))]),
    )
    return sample


def predict(sample, part_map, person_map, joints, scores):
    sample.pred_parsing = pixels(part_map, person_map)
    sample.pred_people = make_people(joints, torch.ones(joints.shape[:2]), torch.tensor(scores))
    pairs = sorted({(p, c) for p, c in zip(person_map.ravel(), part_map.ravel(), strict=True) if p and c})
    persons, labels = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
    sample.pred_parts = InstanceData(
        labels=labels,
        persons=persons,
        scores=torch.full((len(pairs),), 0.5),
        areas=torch.ones(len(pairs), dtype=torch.long),
    )
    return sample


def perfect(seed=0, **metainfo):
    metainfo = metainfo or dict(img_id=seed, img_path=f'{seed}.png')
    joints = joints_of(2, seed)
    return predict(with_truth(*maps(seed), joints, **metainfo), *maps(seed), joints, [0.9, 0.8])


def without_people(sample):
    """The same truth, with nobody predicted."""
    empty = np.zeros(sample.gt_parsing.shape, int)
    return predict(sample, empty, empty, torch.zeros(0, 17, 2), [])


def evaluate(samples, metrics=ALL, meta=META, batch=2):
    evaluator = Evaluator([METRICS.build(metric) for metric in metrics])
    evaluator.dataset_meta = meta
    for start in range(0, len(samples), batch):
        evaluator.process(data_samples=samples[start : start + batch], data_batch=None)
    return evaluator.evaluate(len(samples))


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


@pytest.mark.parametrize('sigmas', [COCO_17.sigmas, tuple(np.linspace(0.05, 0.1, 17))], ids=['COCO', 'others'])
def test_oks_against_the_formula(sigmas):
    # all joints of one person are off by d: OKS is the mean of exp(-d^2 / (2 area (2 sigma)^2))
    joints = joints_of(1)
    part_map, person_map = maps(0, num_people=1)
    area, shift = int((person_map == 1).sum()), 4.0
    sample = with_truth(part_map, person_map, joints)
    predict(sample, part_map, person_map, joints + torch.tensor([shift, 0.0]), [0.9])
    oks = np.exp(-(shift**2) / (2 * area * (2 * np.array(sigmas)) ** 2)).mean()
    assert 0.55 < oks < 0.9
    passed = (oks >= np.arange(0.5, 0.96, 0.05)).mean()
    meta = dict(META, skeleton=replace(COCO_17, name='other', sigmas=sigmas))
    scores = evaluate([sample], [dict(type='mhparse.JointMetric')], meta)
    assert scores['OKS_AP'] == pytest.approx(passed)
    assert scores['OKS_AP_50'] == pytest.approx(1.0)


def boxed(joints, size=60.0):
    """(P, 4) boxes of the whole image, for each of the people."""
    return torch.tensor([[0.0, 0.0, size, size]]).repeat(len(joints), 1)


@pytest.mark.parametrize('missing', ['joints', 'areas'])
def test_people_without_joints_or_pixels_are_ignored_by_oks(missing):
    sample = perfect(0)
    sample.gt_people.bboxes = boxed(sample.gt_people.joints)
    sample.gt_people[missing][0] = 0
    sample.pred_people.keypoints += 0.01
    # the best prediction is that of the person who is ignored
    scores = evaluate([sample], [dict(type='mhparse.JointMetric')])
    assert scores == pytest.approx(dict.fromkeys(scores, 1.0))


def test_oks_equals_pycocotools_on_files(tmp_path):
    rng = np.random.default_rng(5)
    samples, annotations, results = [], [], []
    for image in range(3):
        part_map, person_map = maps(image)
        joints = joints_of(2, image)
        shift = torch.from_numpy(rng.normal(0, 2, joints.shape)).float()
        scores = rng.random(2).tolist()
        sample = with_truth(part_map, person_map, joints, img_id=image)
        sample.gt_people.joints[..., 2] = torch.from_numpy(rng.integers(0, 3, joints.shape[:2])).float()
        samples.append(predict(sample, part_map, person_map, joints + shift, scores))
        for person, triples in enumerate(sample.gt_people.joints.tolist()):
            annotations.append(
                dict(
                    id=2 * image + person + 1, image_id=image, category_id=1, iscrowd=0, bbox=[0, 0, 60, 40],
                    area=int((person_map == person + 1).sum()), keypoints=sum(triples, []),
                    num_keypoints=sum(v > 0 for _, _, v in triples),
                )
            )  # fmt: skip
            found = [value for x, y in (joints + shift)[person].tolist() for value in (x, y, 1)]
            results.append(dict(image_id=image, category_id=1, keypoints=found, score=scores[person]))
    content = dict(
        images=[dict(id=image) for image in range(3)], categories=[dict(id=1)], annotations=annotations, info={}
    )
    (tmp_path / 'truth.json').write_text(json.dumps(content))
    (tmp_path / 'results.json').write_text(json.dumps(results))
    truth = COCO(str(tmp_path / 'truth.json'))
    official = COCOeval(truth, truth.loadRes(str(tmp_path / 'results.json')), 'keypoints')
    official.evaluate()
    official.accumulate()
    official.summarize()
    scores = evaluate(samples, [dict(type='mhparse.JointMetric')])
    assert 0.1 < scores['OKS_AP'] < 0.9
    expected = official.stats[[0, 1, 2, 5]]
    np.testing.assert_allclose([scores[f'OKS_{n}'] for n in ('AP', 'AP_50', 'AP_75', 'AR')], expected, atol=1e-12)


def test_a_predicted_person_without_pixels_is_no_prediction():
    sample = perfect(0)
    people = sample.pred_people
    sample.pred_people = make_people(
        torch.cat([people.keypoints, joints_of(1, 9)]), torch.ones(3, 17), torch.tensor([0.5, 0.4, 0.99])
    )
    scores = evaluate([sample], [dict(type='mhparse.InstancePartMetric')])
    assert scores == dict.fromkeys(scores, 1.0)
    assert evaluate([sample], [dict(type='mhparse.InstancePartMetric', protocol='mhp_v2')])['AP_p_50'] == 2 / 3


def test_scores_belong_to_the_ids_of_the_person_map():
    # person 1 of the person map is wrong and has row 0 of the scores
    part_map, person_map = maps(0)
    wrong = np.where(person_map == 1, part_map % 14 + 1, part_map)
    ap = []
    for scores in ([0.9, 0.8], [0.8, 0.9]):
        sample = predict(with_truth(part_map, person_map, joints_of(2)), wrong, person_map, joints_of(2), scores)
        ap.append(evaluate([sample], [dict(type='mhparse.InstancePartMetric')])['AP_p_50'])
    assert ap == [1 / 2 * 1 / 2, 1 / 2]


def test_the_evaluator_hands_over_public_names():
    record = perfect(0).to_dict()
    assert {'gt_people', 'gt_parsing', 'pred_people', 'pred_parsing', 'pred_parts', 'img_id', 'img_path'} <= set(record)
    assert not [name for name in record if name.startswith('_')]


def test_the_batch_size_does_not_matter():
    noisy = []
    for seed in range(4):
        part_map, person_map = maps(seed)
        wrong = np.random.default_rng(seed).random(part_map.shape) < 0.1 * seed
        changed = np.where(wrong & (part_map > 0), 3, part_map)
        sample = with_truth(part_map, person_map, joints_of(2, seed), img_id=seed)
        noisy.append(
            predict(sample, changed, person_map, joints_of(2, seed) + seed, [0.9 - seed / 10, 0.85 - seed / 10])
        )
    assert evaluate(noisy, batch=1) == evaluate(noisy, batch=4) == pytest.approx(evaluate(noisy[::-1], batch=3))


def test_prefix_and_protocol():
    prefixed = evaluate([perfect()], [dict(type='mhparse.InstancePartMetric', prefix='val', protocol='mhp_v1')])
    assert prefixed['val/AP_p_50'] == 1.0
    part_map, person_map = maps(0)
    part_map[part_map == part_map[39, 0]] = 0  # a class that is nowhere
    sample = predict(with_truth(part_map, person_map, joints_of(2)), part_map, person_map, joints_of(2), [0.9, 0.8])
    zeros = evaluate([sample], [dict(type='mhparse.SemanticPartMetric', protocol='schp')])['mIoU']
    assert zeros == len(np.unique(part_map)) / 15


def test_results_are_small():
    metrics = [METRICS.build(metric) for metric in ALL]
    for metric in metrics:
        metric.dataset_meta = META
        metric.process(None, [perfect(img_path='a.png').to_dict()])
        (record,) = metric.results
        arrays = [record] if isinstance(record, np.ndarray) else list(vars(record).values())
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
        ('JointMetric', fewer_joints, r"\(P, 17, 2\) for skeleton 'coco_17'"),
        ('SemanticPartMetric', no_prediction, 'no pred_parsing.part_map. Does the model predict it'),
        ('PartRegionMetric', unlisted_part, 'has pixels but no score'),
        ('PartRegionMetric', part_listed_twice, 'lists a part of a person twice'),
        ('PartRegionMetric', unknown_part, 'pred_parts.labels must be from 1 to 14'),
    ],
)
def test_errors_name_the_image(metric, change, message):
    with pytest.raises(ValueError, match=rf'photos/broken\.png: .*{message}'):
        evaluate([broken(change)], [dict(type=f'mhparse.{metric}')])


def test_an_error_without_a_path_names_the_id():
    sample = perfect(img_id=31)
    other_size(sample)
    with pytest.raises(ValueError, match='image 31: '):
        evaluate([sample])


@pytest.mark.parametrize('metric', ALL, ids=lambda metric: metric['type'])
def test_a_set_without_truth_is_an_error(metric):
    ignored = np.full((40, 60), 255)
    sample = with_truth(ignored, ignored, torch.zeros(0, 17, 2))
    predict(sample, *maps(0), joints_of(2), [0.9, 0.8])
    with pytest.raises(ValueError, match='undefined: none of 1 images'):
        evaluate([sample], [metric])


def test_metainfo_without_part_set():
    with pytest.raises(ValueError, match='must name its part_set'):
        evaluate([perfect()], meta=dict(dataset_name='two'))
