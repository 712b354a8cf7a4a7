"""Data samples of drawn maps with truth and prediction, and metrics run on them as mmengine's evaluator does."""

import numpy as np
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData, PixelData

import mmhparse.evaluation  # noqa: F401  registers the metrics
from mmhparse.registry import METRICS
from mmhparse.structures import HumanParseDataSample, make_people

META = dict(dataset_name='two', skeleton='coco_17', part_set='densepose_14')
ALL = [dict(type=f'mmhparse.{name}') for name in (
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


def damaged(seed):
    """A prediction with wrong parts, pixels of the wrong person, joints out of place, and scores that others share."""
    rng = np.random.default_rng(seed)
    part_map, person_map = maps(seed)
    sample = with_truth(part_map, person_map, joints_of(2, seed), img_id=seed)
    strength = rng.choice([0.0, 0.05, 0.15])
    wrong_part, wrong_person = rng.random((2, *part_map.shape)) < strength
    parts = np.where(wrong_part & (part_map > 0), rng.integers(1, 15, part_map.shape), part_map)
    persons = np.where(wrong_person & (person_map > 0), 3 - person_map, person_map)
    joints = joints_of(2, seed) + torch.from_numpy(rng.normal(0, 8 * strength, (2, 17, 2))).float()
    return predict(sample, parts, persons, joints, rng.choice([0.5, 0.75], 2).tolist())


def evaluate(samples, metrics=ALL, meta=META, batch=2):
    evaluator = Evaluator([METRICS.build(metric) for metric in metrics])
    evaluator.dataset_meta = meta
    for start in range(0, len(samples), batch):
        evaluator.process(data_samples=samples[start : start + batch], data_batch=None)
    return evaluator.evaluate(len(samples))
