"""Votes of the cells around a cell: exact small grids, an oracle by brute force, and what must never change."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.neighbour_votes import voted_persons
from mmhparse.codecs.person_grid import PersonGrid
from mmhparse.structures import ImageGeometry
from mmhparse.testing import synthetic_scene

SMALLEST = 0.01
"""A share of which every window has the least side, 3 cells."""


def grid(person, part=None):
    person = np.array(person, np.int32)
    part = (person > 0) if part is None else np.array(part)
    return PersonGrid(part.astype(np.uint8), person, np.zeros(person.shape, np.float32), 4)


def test_a_speck_is_outvoted():
    person = np.ones((5, 5), int)
    person[2, 2] = 2
    assert (voted_persons(grid(person), SMALLEST) == 1).all()


def test_a_border_stays_where_it_is():
    person = np.repeat([[1, 1, 1, 2, 2, 2]], 6, axis=0)
    assert (voted_persons(grid(person), SMALLEST) == person).all()


def test_cells_of_other_parts_have_no_vote():
    person, part = np.ones((5, 5), int), np.ones((5, 5), int)
    person[2, 2:4], part[2, 2:4] = 2, 7  # both cells of part 7 are of person 2
    assert (voted_persons(grid(person, part), SMALLEST) == person).all()


def test_the_background_neither_votes_nor_changes():
    person = np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]])
    part = np.array([[0, 0, 0], [0, 5, 0], [0, 0, 0]])  # cells around a part have persons, too
    assert (voted_persons(grid(person, part), SMALLEST) == person).all()


def test_of_equal_votes_the_own_person_counts():
    assert voted_persons(grid([[2, 1]]), SMALLEST).tolist() == [[2, 1]]
    assert voted_persons(grid([[1, 2]]), SMALLEST).tolist() == [[1, 2]]


def test_the_window_of_a_large_person_is_larger():
    # person 1 has 400 cells; with a share of 0.35 its window has 7 cells, and that of person 2 has 3
    person = np.ones((20, 20), int)
    person[5:8, 5:8] = 2
    voted = voted_persons(grid(person), 0.35)
    # in the middle person 2 has all of its window, while person 1 has 40 of 49 cells
    assert voted[6, 6] == 2
    # in the corner person 2 has 4 of 9 cells, person 1 45 to 48 of its 49
    assert voted[5, 5] == 1


def voted_by_brute_force(cells, window):
    """Cell by cell, person by person."""
    owner = np.where(cells.part > 0, cells.person, 0)
    people = [person for person in range(1, owner.max(initial=0) + 1) if (owner == person).any()]
    result = cells.person.copy()
    for row, column in zip(*np.nonzero(cells.part), strict=True):
        votes = {}
        for person in people:
            side = int(np.clip(window * np.sqrt((owner == person).sum()), 3, 25)) // 2 * 2 + 1
            near = tuple(slice(max(0, place - side // 2), place + side // 2 + 1) for place in (row, column))
            same = cells.part[near] == cells.part[row, column]
            votes[person] = np.float32((owner[near] == person)[same].sum()) / np.float32(same.sum())
        best = max(votes.values(), default=0)
        own = owner[row, column]
        if best > 0 and votes.get(own, 0) < best:
            result[row, column] = min(person for person, vote in votes.items() if vote == best)
    return result


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 3.0), st.integers(1, 5))
def test_votes_are_those_counted_cell_by_cell(seed, window, people):
    random = np.random.default_rng(seed)
    cells = grid(random.integers(0, people + 1, (9, 12)), random.integers(0, 3, (9, 12)))
    assert (voted_persons(cells, window) == voted_by_brute_force(cells, window)).all()


def test_nobody_votes_on_an_empty_grid():
    empty = grid(np.zeros((4, 4), int))
    assert (voted_persons(empty, 0.3) == 0).all()


@pytest.fixture(scope='module')
def scene():
    annotation = synthetic_scene(3, (256, 192), 3).annotation
    return annotation, DifferentiableGroupingCodec().encode(annotation).as_prediction(15)


def test_true_fields_lose_nothing_to_the_vote(scene):
    annotation, fields = scene
    plain, voted = (
        DifferentiableGroupingCodec(people=dict(vote_window=window)).decode(fields)[1].person_map
        for window in (0.0, 0.35)
    )
    body = plain > 0
    assert (plain == voted)[body].float().mean() > 0.97
    assert ((voted > 0) == body).all()


def test_given_boxes_keep_their_cells(scene):
    annotation, fields = scene
    boxes = annotation.boxes.astype(np.float32)
    plain, voted = (
        DifferentiableGroupingCodec(people=dict(vote_window=window)).decode(fields, people=boxes)[1].person_map
        for window in (0.0, 0.35)
    )
    assert torch.equal(plain, voted)


def test_scores_follow_the_parts_that_are_shown(scene):
    _, fields = scene
    size = fields.joint_heatmaps.shape[3] * 4, fields.joint_heatmaps.shape[2] * 4
    for geometry in (ImageGeometry(size, size), ImageGeometry((size[0] // 2, size[1] // 2), size)):
        plain, _ = DifferentiableGroupingCodec().decode(fields, geometry)
        scored, parsing = DifferentiableGroupingCodec(people=dict(score_by_parts=True)).decode(fields, geometry)
        shown = [
            len(set(parsing.part_map[parsing.person_map == person].tolist())) for person in range(1, len(plain) + 1)
        ]
        assert min(shown) >= 1
        assert torch.allclose(scored.scores, plain.scores * torch.tensor(shown) / 14)
