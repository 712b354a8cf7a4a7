"""OKS AP against its formula and against pycocotools on files; who is ignored."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from parse_samples import META, evaluate, joints_of, maps, perfect, predict, with_truth
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhparse.structures import COCO_17

JOINTS = [dict(type='mmhparse.JointMetric')]
CROWD = np.s_[12:32, 2:12]  # rows, columns


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
    scores = evaluate([sample], JOINTS, meta)
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
    scores = evaluate([sample], JOINTS)
    assert scores == pytest.approx(dict.fromkeys(scores, 1.0))


@pytest.fixture
def official(tmp_path):
    """pycocotools on files: AP, AP_50, AP_75 and AR."""

    def score(annotations, results, num_images):
        content = dict(
            images=[dict(id=image) for image in range(num_images)],
            categories=[dict(id=1)],
            annotations=[dict(record, id=n, category_id=1) for n, record in enumerate(annotations, start=1)],
            info={},
        )
        (tmp_path / 'truth.json').write_text(json.dumps(content))
        (tmp_path / 'results.json').write_text(json.dumps([dict(record, category_id=1) for record in results]))
        truth = COCO(str(tmp_path / 'truth.json'))
        evaluator = COCOeval(truth, truth.loadRes(str(tmp_path / 'results.json')), 'keypoints')
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
        return evaluator.stats[[0, 1, 2, 5]]

    return score


def annotated_image(image, rng):
    """A sample with two people and a crowd, and the same as COCO annotations and results.

    One person may lack joints; several people are predicted in the crowd, with scores that occur in all images.
    """
    part_map, person_map = maps(image)
    person_map[CROWD], part_map[CROWD] = 255, 255
    joints = joints_of(2, image)
    joints[:, :, 0] = 30 + joints[:, :, 0] / 2  # away from the crowd
    sample = with_truth(part_map, person_map, joints, img_id=image)
    visible = rng.integers(0, 3, joints.shape[:2]) * rng.integers(0, 2, (2, 1)).repeat(17, 1)
    sample.gt_people.joints[..., 2] = torch.from_numpy(visible).float()
    sample.gt_people.bboxes = torch.tensor([[0.0, 10.0, 59.0, 39.0]] * 2)
    shift = torch.from_numpy(rng.normal(0, 2, joints.shape)).float()
    in_crowd = torch.from_numpy(rng.uniform((2, 12), (12, 32), (3, 17, 2))).float()
    found = torch.cat([joints + shift, in_crowd])
    scores = (rng.integers(1, 5, len(found)) / 4).tolist()
    predict(sample, np.zeros_like(part_map), np.zeros_like(person_map), found, scores)
    annotations = [
        dict(
            image_id=image, iscrowd=0, bbox=[0, 10, 59, 29], area=int((person_map == person + 1).sum()),
            keypoints=sum(triples, []), num_keypoints=sum(v > 0 for _, _, v in triples),
        )
        for person, triples in enumerate(sample.gt_people.joints.tolist())
    ]  # fmt: skip
    annotations.append(
        dict(image_id=image, iscrowd=1, bbox=[2, 12, 10, 20], area=200, keypoints=[0] * 51, num_keypoints=0)
    )
    results = [
        dict(image_id=image, keypoints=[value for x, y in person for value in (x, y, 1)], score=score)
        for person, score in zip(found.tolist(), scores, strict=True)
    ]
    return sample, annotations, results


@pytest.mark.parametrize('seed', range(4))
def test_oks_equals_pycocotools_on_files(official, seed):
    rng = np.random.default_rng(seed)
    samples, annotations, results = zip(*[annotated_image(image, rng) for image in range(4)], strict=True)
    expected = official(sum(annotations, []), sum(results, []), len(samples))
    assert 0.02 < expected[0] < 0.95
    for order in (range(4), (2, 0, 3, 1)):
        scores = evaluate([samples[image] for image in order], JOINTS)
        values = [scores[f'OKS_{name}'] for name in ('AP', 'AP_50', 'AP_75', 'AR')]
        np.testing.assert_allclose(values, expected, atol=1e-12)


def crowded(crowd):
    """Two people found, and before them three predicted in a crowd that is marked in the truth, or not."""
    part_map, person_map = maps()
    if crowd:
        person_map[CROWD] = 255
    joints = joints_of(2)
    joints[:, :, 0] = 40 + joints[:, :, 0] / 3
    in_crowd = torch.tensor([7.0, 20.0]).repeat(3, 17, 1)
    found = torch.cat([in_crowd, joints + 0.01])
    sample = with_truth(part_map, person_map, joints)
    return predict(sample, np.zeros_like(part_map), np.zeros_like(person_map), found, [0.9, 0.9, 0.9, 0.8, 0.7])


def test_any_number_of_people_may_be_predicted_in_a_crowd():
    scores = evaluate([crowded(True)], JOINTS)
    assert scores == pytest.approx(dict.fromkeys(scores, 1.0))
    assert evaluate([crowded(False)], JOINTS)['OKS_AP'] == pytest.approx(2 / 5)


def test_ids_may_be_numbers_and_text():
    samples = [perfect(seed) for seed in range(3)]
    for sample, image in zip(samples, (7, 'b', 'a'), strict=True):
        sample.set_metainfo(dict(img_id=image))
    assert evaluate(samples, JOINTS)['OKS_AP'] == pytest.approx(1.0)


def test_without_maps_there_are_no_crowds():
    sample = crowded(True)
    del sample.gt_parsing
    assert evaluate([sample], JOINTS)['OKS_AP'] == pytest.approx(2 / 5)
