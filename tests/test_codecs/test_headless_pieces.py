"""People without a head who touch somebody with one are pieces: exact small grids, an oracle, whole decodings."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.headless_pieces import headless_pieces
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.codecs.unfound_people import unfound_people
from mmhparse.structures import make_people
from mmhparse.testing import synthetic_scene

TORSO, HEAD = 1, 14


def grid(person, part, distance=0.0):
    person = np.array(person, np.int32)
    return PersonGrid(np.array(part, np.uint8), person, np.full(person.shape, distance, np.float32), 4)


def side_by_side(gap=0, head=8, corner=False):
    """Person 1 with some cells of the head, a gap of background, and person 2, who has a torso only."""
    person, part = np.zeros((12, 4 + gap), int), np.zeros((12, 4 + gap), int)
    person[:8, :2], part[:8, :2] = 1, TORSO
    part[:8, :2] = np.where(np.arange(16) < head, HEAD, TORSO).reshape(8, 2)
    rows = slice(8, 12) if corner else slice(0, 8)
    person[rows, 2 + gap :], part[rows, 2 + gap :] = 2, TORSO
    return person, part


@pytest.mark.parametrize(
    'scene, pieces',
    [
        (side_by_side(), [False, True]),
        (side_by_side(corner=True), [False, True]),
        (side_by_side(gap=1), [False, False]),  # nobody is near
        (side_by_side(head=7), [False, False]),  # nobody has a head
    ],
)
def test_who_has_no_head_and_touches_a_head_bearer_is_a_piece(scene, pieces):
    for person, part in (scene, [side[:, ::-1] for side in scene], [side[::-1] for side in scene]):
        assert headless_pieces(grid(person, part), [HEAD], 2).tolist() == pieces


def test_cells_without_a_part_do_not_touch():
    person, part = side_by_side()
    part[:, 2] = 0  # the person of these cells is known, but they show no part
    assert not headless_pieces(grid(person, part), [HEAD], 2).any()


def test_people_without_cells_are_no_pieces():
    assert headless_pieces(grid(*side_by_side()), [HEAD], 4).tolist() == [False, True, False, False]
    assert headless_pieces(grid(np.zeros((3, 3)), np.zeros((3, 3))), [HEAD], 0).shape == (0,)


def slowly(person, part, count):
    owner, result = np.where(part > 0, person, 0), []
    headed = [((owner == p) & (part == HEAD)).sum() >= 8 for p in range(count + 1)]
    for p in range(1, count + 1):
        near = set()
        for y, x in np.argwhere(owner == p):
            near |= set(owner[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].ravel()) - {0, p}
        result.append(not headed[p] and any(headed[q] for q in near))
    return result


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_the_same_as_cell_by_cell(seed):
    rng = np.random.default_rng(seed)
    person = np.kron(rng.integers(0, 6, (4, 4)), np.ones((3, 3), int))
    part = np.where(rng.random(person.shape) < 0.4, HEAD, TORSO) * (rng.random(person.shape) < 0.8)
    assert headless_pieces(grid(person, part), [HEAD], 5).tolist() == slowly(person, part, 5)


def test_a_region_without_a_head_stays_with_whom_it_touches():
    people = make_people(torch.tensor([[[0.0, 0.0], [10.0, 10.0]]]), torch.ones(1, 2), torch.ones(1))
    person, part = np.ones((12, 12), int), np.full((12, 12), TORSO)
    part[:4] = HEAD
    near = grid(person, part)
    far = replace(near, distance=near.distance.copy())
    far.distance[6:] = 100.0  # half of the torso lands somewhere else
    assert len(unfound_people(people, far, 0.5, 0.1)[0]) == 1
    added, persons = unfound_people(people, far, 0.5, 0.1, [HEAD])
    assert len(added) == 0 and (persons.person == 1).all()
    far.part[9:] = HEAD  # now the region has a head
    added, persons = unfound_people(people, far, 0.5, 0.1, [HEAD])
    assert len(added) == 1 and (persons.person[6:] == 2).all() and (persons.person[:6] == 1).all()


def test_kept_regions_are_numbered_without_gaps():
    people = make_people(torch.tensor([[[0.0, 0.0], [10.0, 10.0]]]), torch.ones(1, 2), torch.ones(1))
    part = np.full((20, 12), TORSO)
    part[:4], part[17:] = HEAD, HEAD
    distance = np.zeros((20, 12), np.float32)
    distance[6:9], distance[16:] = 100.0, 100.0  # a piece, and a person
    cells = replace(grid(np.ones((20, 12), int), part), distance=distance)
    added, persons = unfound_people(people, cells, 0.5, 0.1, [HEAD])
    assert added.bboxes.tolist() == [[0.0, 64.0, 47.0, 79.0]]
    assert np.unique(persons.person).tolist() == [1, 2]


def cut_in_two():
    """True fields of one person whose limbs between upper and lower body are not there, and the person's pixels."""
    annotation = synthetic_scene(4, (256, 192), 1).annotation
    codec = DifferentiableGroupingCodec()
    fields = codec.encode(annotation).as_prediction(15)
    limbs = fields.limb_fields.clone()
    joints = codec.skeleton.joints
    for number, (first, second) in enumerate(codec.skeleton.limbs):
        below = [joints[joint].endswith(('hip', 'knee', 'ankle')) for joint in (first, second)]
        if below[0] != below[1]:
            limbs[:, number] = 0
    return annotation, replace(fields, pose=replace(fields.pose, limb_fields=limbs))


def test_a_person_in_two_pieces_becomes_one():
    annotation, fields = cut_in_two()
    assert len(DifferentiableGroupingCodec(people=dict(min_score=0.05)).decode(fields)[0]) == 2
    codec = DifferentiableGroupingCodec(people=dict(min_score=0.05, head_parts=['head']))
    people, parsing = codec.decode(fields)
    assert len(people) == 1
    assert ((parsing.person_map.numpy() == 1) == (annotation.person_map == 1)).mean() > 0.99


def test_given_people_stay():
    _, fields = cut_in_two()
    poses = DifferentiableGroupingCodec(people=dict(min_score=0.05)).decode(fields)[0]
    codec = DifferentiableGroupingCodec(people=dict(min_score=0.05, head_parts=['head']))
    assert len(codec.decode(fields, people=poses)[0]) == 2


@pytest.mark.parametrize('part', ['hat', 'background'])
def test_a_head_part_that_the_part_set_lacks_is_refused(part):
    with pytest.raises(ValueError, match=f"head_parts: part set 'densepose_14' has no {part}; its parts are torso, "):
        DifferentiableGroupingCodec(people=dict(head_parts=['head', part]))
