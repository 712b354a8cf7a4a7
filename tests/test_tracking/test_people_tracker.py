"""People who move keep their ids, whatever the order in which a frame lists them."""

import numpy as np
import pytest
import torch

from mmhparse.structures import COCO_17, Parsing, empty_parts, make_people
from mmhparse.structures.boxes import box_iou
from mmhparse.testing import synthetic_scene
from mmhparse.tracking import PeopleTracker, TrackerOptions
from mmhparse.tracking.similarity import joint_similarity, part_overlap


def frame(places, order, size=(200, 100)):
    """People at x positions ``places``: a body of joints 20 wide and 60 high, and pixels of two parts."""
    offsets = torch.tensor(np.random.default_rng(0).uniform((0, 0), (20, 60), (17, 2)), dtype=torch.float32)
    part_map, person_map = torch.zeros(size[::-1], dtype=torch.uint8), torch.zeros(size[::-1], dtype=torch.int32)
    keypoints = []
    for row, person in enumerate(order):
        x = places[person]
        keypoints.append(offsets + torch.tensor([float(x), 20.0]))
        columns = slice(max(0, round(x)), round(x) + 20)
        part_map[20:50, columns], part_map[50:80, columns] = 1, 2
        person_map[20:80, columns] = row + 1
    joints = torch.stack(keypoints) if keypoints else torch.zeros(0, 17, 2)
    people = make_people(joints, torch.ones(len(order), 17), torch.ones(len(order)))
    return people, Parsing(part_map, person_map, empty_parts())


def test_people_keep_their_ids_in_any_order():
    tracker, rng, ids = PeopleTracker(COCO_17), np.random.default_rng(1), {}
    for time in range(30):
        order = rng.permutation(3)
        found = tracker.update(*frame([10 + 2 * time, 70 + time, 150 - time], order))
        for person, number in zip(order, found, strict=True):
            assert ids.setdefault(int(person), int(number)) == number
    assert sorted(ids.values()) == [1, 2, 3]


def test_who_comes_back_within_patience_keeps_the_id():
    tracker = PeopleTracker(COCO_17, TrackerOptions(patience=5))
    assert tracker.update(*frame([10, 100], [0, 1])).tolist() == [1, 2]
    for _ in range(4):
        assert tracker.update(*frame([10, 100], [1])).tolist() == [2]
    assert tracker.update(*frame([10, 100], [1, 0])).tolist() == [2, 1]
    for _ in range(7):
        tracker.update(*frame([10, 100], [1]))
    assert tracker.update(*frame([10, 100], [0, 1])).tolist() == [3, 2]


def test_speed_leads_through_a_gap():
    tracker = PeopleTracker(COCO_17)
    for x in (0, 10, 20, 30, 40):
        assert tracker.update(*frame([x], [0])).tolist() == [1]
    for _ in range(3):
        assert tracker.update(*frame([0], [])).tolist() == []
    assert tracker.update(*frame([80], [0])).tolist() == [1]


def test_somebody_elsewhere_is_somebody_else():
    tracker = PeopleTracker(COCO_17)
    assert tracker.update(*frame([0], [0])).tolist() == [1]
    assert tracker.update(*frame([150], [0])).tolist() == [2]


def test_ignore_is_no_id():
    tracker = PeopleTracker(COCO_17, TrackerOptions(patience=0))
    ids = [int(tracker.update(*frame([150 * (time % 2)], [0]))[0]) for time in range(300)]
    assert 255 not in ids and len(set(ids)) == 300


def test_moving_scenes():
    """A drawn crowd that moves over the image, a pixel or two a frame, listed by its shuffled rows."""
    annotation = synthetic_scene(11, (256, 192), num_people=5).annotation
    tracker, rng, ids = PeopleTracker(COCO_17), np.random.default_rng(0), {}
    for time in range(20):
        moved = annotation.warped(np.array([[1, 0, 2.0 * time], [0, 1, 0.5 * time]]), (320, 224))
        order = rng.permutation(5)
        relabel = np.zeros(256, np.int32)
        relabel[order + 1] = np.arange(1, 6)
        joints = torch.from_numpy(moved.joints[order])
        people = make_people(joints[..., :2], (joints[..., 2] > 0).float(), torch.ones(5))
        maps = torch.from_numpy(moved.part_map), torch.from_numpy(relabel[moved.person_map])
        for person, number in zip(order, tracker.update(people, Parsing(*maps, empty_parts())), strict=True):
            assert ids.setdefault(int(person), int(number)) == number
    assert sorted(ids.values()) == [1, 2, 3, 4, 5]


def test_similarity_in_small_cases():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 0, 0]]), torch.tensor([[0.0, 0, 10, 5], [20, 20, 30, 30]])
    assert box_iou(*boxes).tolist() == [[0.5, 0], [0, 0]]
    joints, found = torch.zeros(1, 2, 2), torch.tensor([[True, False]])
    square = torch.tensor([[0.0, 0, 20, 20]])
    same = joint_similarity(joints, found, joints, found, square, torch.tensor([0.1, 0.1]))
    assert same.item() == 1
    far = joint_similarity(joints, found, joints + torch.tensor([3.0, 4.0]), found, square, torch.tensor([0.1, 0.1]))
    assert far.item() == pytest.approx(np.exp(-25 / (2 * 200 * 0.04)))
    assert joint_similarity(joints, found, joints, ~found, square, torch.tensor([0.1, 0.1])).item() == 0
    first = Parsing(torch.tensor([[1, 1, 2, 2]], dtype=torch.uint8), torch.tensor([[1, 1, 1, 0]]), empty_parts())
    second = Parsing(torch.tensor([[1, 1, 1, 2]], dtype=torch.uint8), torch.tensor([[2, 2, 2, 2]]), empty_parts())
    np.testing.assert_allclose(part_overlap(first, second, 1, 2), [[0, 2 / 5]])
