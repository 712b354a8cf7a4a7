"""People of low scores are left out of everything, and only they."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.confident_people import leave_out_people
from mmhparse.structures import HumanParseDataSample, Parsing, PartTable, make_people
from mmhparse.testing import synthetic_scene

SIZE = (256, 192)


def sample_of(scores):
    """People side by side, each of two parts, 1 above 2."""
    count = len(scores)
    persons = torch.arange(1, count + 1)
    parts = PartTable(
        labels=torch.tensor([1, 2] * count),
        persons=persons.repeat_interleave(2),
        scores=torch.rand(2 * count),
        areas=torch.full((2 * count,), 3),
        probabilities=torch.rand(2 * count),
    )
    maps = Parsing(
        torch.tensor([[1], [2]], dtype=torch.uint8).repeat(3, count), persons.to(torch.int32).repeat(6, 1), parts
    )
    people = make_people(torch.rand(count, 17, 2), torch.ones(count, 17), torch.tensor(scores))
    sample = HumanParseDataSample(pred_people=people, pred_parts=parts)
    sample.pred_parsing = maps.to_pixel_data()
    return sample


def test_the_others_are_numbered_anew():
    before, after = sample_of([0.9, 0.2, 0.5, 0.1]), sample_of([0.9, 0.2, 0.5, 0.1])
    after.pred_people.keypoints = before.pred_people.keypoints
    leave_out_people(after, 0.5)
    assert after.pred_people.scores.tolist() == pytest.approx([0.9, 0.5])
    assert (after.pred_people.keypoints == before.pred_people.keypoints[[0, 2]]).all()
    assert after.pred_parts.persons.tolist() == [1, 1, 2, 2]
    assert after.pred_parsing.person_map[0, 0].tolist() == [1, 0, 2, 0]
    assert after.pred_parsing.person_map.dtype == torch.int32
    assert (after.pred_parsing.part_map == before.pred_parsing.part_map).all()


@pytest.mark.parametrize('scores', [[], [0.1, 0.2]])
def test_nobody_may_be_left(scores):
    sample = sample_of(scores)
    leave_out_people(sample, 0.5)
    assert len(sample.pred_people) == 0 and len(sample.pred_parts) == 0
    assert not sample.pred_parsing.person_map.any()


@pytest.fixture(scope='module')
def photo():
    return synthetic_scene(11, SIZE, num_people=4).image


def test_the_inferencer_leaves_them_out_of_results_and_files(photo, tmp_path):
    everybody = HumanParsingInferencer('synthetic', device='cpu')(photo, return_datasamples=True)['predictions'][0]
    scores = everybody.pred_people.scores
    limit = float(scores.sort(descending=True).values[1])
    assert len(scores) > 2
    infer = HumanParsingInferencer('synthetic', device='cpu', min_score=limit)
    people = infer(photo, out_dir=tmp_path, formats=['person_maps', 'csv'])['predictions'][0]['people']
    assert [person['score'] for person in people] == pytest.approx(scores[scores >= limit].tolist(), abs=1e-6)
    assert [person['id'] for person in people] == [1, 2]
    (path,) = (tmp_path / 'person_maps').iterdir()
    kept = (scores >= limit).nonzero()[:, 0] + 1
    whole = everybody.pred_parsing.person_map[0].numpy()
    assert (np.asarray(Image.open(path)) == sum((whole == old) * new for new, old in enumerate(kept.numpy(), 1))).all()
    assert json.loads((tmp_path / 'settings.json').read_text())['min_score'] == limit
    with pytest.raises(ValueError, match='min_score'):
        HumanParsingInferencer('synthetic', device='cpu')(photo, out_dir=tmp_path, resume=True)


def test_given_people_stay(photo):
    poses = HumanParsingInferencer('synthetic', device='cpu')(photo, return_datasamples=True)['predictions'][
        0
    ].pred_people
    infer = HumanParsingInferencer('synthetic', device='cpu', min_score=1.0)
    assert len(infer(photo, people=[poses])['predictions'][0]['people']) == len(poses)
    assert infer(photo)['predictions'][0]['people'] == []


@pytest.mark.parametrize('score', [-0.1, 1.1, float('nan')])
def test_scores_lie_between_0_and_1(score):
    with pytest.raises(ValueError, match=r'min_score must be in \[0, 1\], got'):
        HumanParsingInferencer('synthetic', device='cpu', min_score=score)
