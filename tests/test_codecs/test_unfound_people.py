"""Regions that land far from everybody's joints become people; all others stay with the nearest person."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.codecs.unfound_people import person_sizes, unfound_people
from mmhparse.structures import ImageGeometry, make_people
from mmhparse.testing import synthetic_scene


def person(*joints):
    """One person of 3 joint types with these joints."""
    keypoints, scores = torch.zeros(1, 3, 2), torch.zeros(1, 3)
    keypoints[0, : len(joints)], scores[0, : len(joints)] = torch.tensor(joints), 1.0
    return make_people(keypoints, scores, torch.ones(1))


def grid(distance, part=1):
    """Cells of stride 4 that all show a part, and land at these distances from the only person."""
    distance = np.array(distance, np.float32)
    return PersonGrid(np.full(distance.shape, part, np.uint8), np.ones(distance.shape, np.int32), distance, 4)


def test_the_size_of_a_person_is_that_of_its_widened_box():
    # 40 x 10 pixels, each widened by 0.15 * 40: 46 x 16
    assert person_sizes(person((0.0, 0.0), (40.0, 10.0))) == pytest.approx([np.sqrt(46 * 16)])
    assert person_sizes(person((7.0, 7.0))) == pytest.approx([10.0])
    assert person_sizes(person((7.0, 7.0))[torch.zeros(1, dtype=torch.bool)]).shape == (0,)


def test_a_region_beyond_the_reach_becomes_a_person():
    people = person((0.0, 0.0), (10.0, 10.0))  # 11.5 pixels in size
    distance = np.zeros((8, 8))
    distance[2:5, 3:7] = 0.51 * 11.5  # 12 cells
    distance[7, 7] = 100.0  # too small to be somebody
    added, persons = unfound_people(people, grid(distance), reach=0.5, score=0.1)
    assert len(added) == 1
    assert added.scores.tolist() == pytest.approx([0.1])
    assert (added.keypoint_scores == 0).all()
    assert added.bboxes.tolist() == [[12.0, 8.0, 27.0, 19.0]]
    assert (persons.person == np.where(distance == distance[2, 3], 2, 1)).all()


def test_nothing_beyond_the_reach_changes_nothing():
    cells = grid(np.full((8, 8), 5.7))
    added, persons = unfound_people(person((0.0, 0.0), (10.0, 10.0)), cells, reach=0.5, score=0.1)
    assert len(added) == 0
    assert (persons.person == cells.person).all()


def test_background_is_nobody():
    added, _ = unfound_people(person((0.0, 0.0)), grid(np.full((8, 8), 900.0), part=0), reach=0.5, score=0.1)
    assert len(added) == 0


@pytest.fixture
def hidden_joints():
    """True fields of two people far apart; of one of them no joint is in the heatmaps."""
    annotation = next(
        scene
        for scene in (synthetic_scene(seed, (384, 256), 2).annotation for seed in range(50))
        if abs(np.subtract(*scene.joints[:, :, 0].mean(1))) > 200
    )
    fields = DifferentiableGroupingCodec().encode(annotation).as_prediction(15)
    left, right = np.sort(annotation.boxes[:, [0, 2]].mean(1))
    middle = round((left + right) / 2 / 4)
    heatmaps = fields.joint_heatmaps.clone()
    heatmaps[..., :middle] *= 0.01
    hidden = int(annotation.boxes[0, 0] > annotation.boxes[1, 0])
    return annotation, hidden, replace(fields, pose=replace(fields.pose, joint_heatmaps=heatmaps))


def decode(fields, **options):
    return DifferentiableGroupingCodec(people=options).decode(fields)


def test_a_person_without_joints_gets_its_pixels_and_joints(hidden_joints):
    annotation, hidden, fields = hidden_joints
    without, parsing = decode(fields)
    assert len(without) == 1 and (parsing.person_map == 1).sum() > (annotation.person_map == 2 - hidden).sum()
    people, parsing = decode(fields, reach=0.5, place_missing=True)
    assert len(people) == 2
    true, found = annotation.person_map == hidden + 1, parsing.person_map.numpy() == 2
    assert (true & found).sum() / (true | found).sum() > 0.9
    assert people.scores[1] < people.scores[0]
    joints = annotation.joints[hidden]
    error = np.linalg.norm(people.keypoints[1].numpy() - joints[:, :2], axis=1)
    assert np.median(error[joints[:, 2] > 0]) < 2.0
    x1, y1, x2, y2 = people.bboxes[1].tolist()
    rows, columns = np.nonzero(true)
    assert np.allclose([x1, y1, x2, y2], [columns.min(), rows.min(), columns.max(), rows.max()], atol=8)


def test_boxes_of_unfound_people_are_in_the_image(hidden_joints):
    _, _, fields = hidden_joints
    size = (4 * fields.joint_heatmaps.shape[3], 4 * fields.joint_heatmaps.shape[2])
    codec = DifferentiableGroupingCodec(people=dict(reach=0.5))
    large = codec.decode(fields)[0].bboxes
    small = codec.decode(fields, ImageGeometry((size[0] // 2, size[1] // 2), size))[0].bboxes
    assert torch.allclose(small, (large + 0.5) / 2 - 0.5, atol=1e-4)


def test_without_any_joints_regions_are_people(hidden_joints):
    annotation, _, fields = hidden_joints
    silent = replace(fields, pose=replace(fields.pose, joint_heatmaps=0 * fields.joint_heatmaps))
    assert len(decode(silent)[0]) == 0
    people, parsing = decode(silent, reach=0.5)
    assert len(people) == 2
    assert ((parsing.person_map.numpy() > 0) == (parsing.part_map.numpy() > 0)).mean() > 0.999


@pytest.mark.parametrize('option', ['reach', 'vote_window'])
def test_negative_options_are_refused(option):
    with pytest.raises(ValueError, match=f'{option} must be 0 or more, got -1'):
        DifferentiableGroupingCodec(people={option: -1.0})
