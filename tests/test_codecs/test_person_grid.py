"""The nearest joint of where cells land, against the table of all distances, and what cannot be searched."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmhparse.codecs import DifferentiableGroupingCodec
from mmhparse.codecs.person_grid import nearest_person
from mmhparse.structures import make_people
from mmhparse.synthetic import synthetic_scene

PLACES = st.floats(-2000, 2000, width=32)


def people_at(keypoints, found):
    keypoints = torch.from_numpy(np.asarray(keypoints, np.float32))
    return make_people(keypoints, torch.from_numpy(np.asarray(found, np.float32)), torch.ones(len(keypoints)))


@settings(max_examples=60)
@given(st.data(), st.integers(1, 6), st.integers(1, 40))
def test_each_point_gets_the_person_of_its_nearest_joint(data, persons, number):
    joints = data.draw(arrays(np.float32, (persons, 3, 2), elements=PLACES))
    found = data.draw(arrays(np.bool_, (persons, 3)))
    points = data.draw(arrays(np.float32, (number, 2), elements=PLACES))
    person, distance = nearest_person(points, people_at(joints, found))
    if not found.any():
        assert not person.any() and np.isinf(distance).all()
        return
    table = np.linalg.norm(points[:, None, None].astype(np.float64) - joints, axis=-1)  # (S, P, 3)
    table[:, ~found] = np.inf
    np.testing.assert_allclose(distance, table.min((1, 2)), rtol=1e-5, atol=1e-3)
    own = table[np.arange(number), person - 1].min(1)
    np.testing.assert_allclose(own, distance, rtol=1e-5, atol=1e-3)


def test_many_joints_at_one_place():
    people = people_at(np.full((2000, 3, 2), 4.0), np.ones((2000, 3)))
    person, distance = nearest_person(np.zeros((3, 2), np.float32), people)
    assert ((person >= 1) & (person <= 2000)).all()
    np.testing.assert_allclose(distance, np.hypot(4, 4), rtol=1e-6)


def test_of_people_at_one_place_the_first_counts():
    generator = np.random.default_rng(0)
    pose = generator.uniform(0, 500, (3, 2))
    people = people_at([generator.uniform(0, 500, (3, 2)), pose, pose, pose + [0.0, -0.0]], np.ones((4, 3)))
    points = generator.uniform(0, 500, (500, 2)).astype(np.float32)
    person, _ = nearest_person(points, people)
    assert set(person.tolist()) == {1, 2}


@pytest.mark.parametrize('far', [1e12, 3e38])
def test_points_and_joints_beyond_the_range_of_squares(far):
    joints = np.full((2, 3, 2), [[[10.0, 10.0]], [[far, 10.0]]])
    points = np.array([[0, 0], [far, 0], [-far, 0]], np.float32)
    person, distance = nearest_person(points, people_at(joints, np.ones((2, 3))))
    assert person.tolist() == [1, 2, 1]
    assert np.isfinite(distance).all()


def test_a_projection_that_is_not_finite_is_named():
    codec = DifferentiableGroupingCodec()
    fields = codec.encode(synthetic_scene(0, (128, 96), num_people=2).annotation).as_prediction(15)
    for value in (torch.nan, torch.inf):
        projection = torch.full_like(fields.projection[0], value)
        with pytest.raises(ValueError, match='projection holds NaN or infinity'):
            codec.decode(replace(fields, projection=(projection,)))
