"""Assembly of linked joints, on links given by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmhparse.codecs.matches_to_people import PeopleOptions, _Groups, _groups, matches_to_people, spanning_limbs
from mmhparse.structures import COCO_17, JointCandidates, Skeleton

CHAIN = Skeleton('chain', ('a', 'b', 'c', 'd'), ((0, 1), (1, 2), (2, 3), (0, 2)), (), (0.1,) * 4)


def candidates(count=2, score=0.5):
    """Candidate n of joint k lies at (10 k, 100 n)."""
    joint, row = np.meshgrid(range(4), range(count), indexing='ij')
    xy = torch.tensor(np.stack([10 * joint, 100 * row], axis=-1)[None], dtype=torch.float32)
    return JointCandidates(xy, torch.full((1, 4, count), score), torch.ones(1, 4, count, dtype=torch.bool))


def group(links, strength=None, **options):
    links = np.array(links, dtype=np.int64).reshape(-1, 3)
    strength = np.ones(len(links)) if strength is None else np.array(strength)
    return matches_to_people(candidates(), links, strength, CHAIN, PeopleOptions(**{'min_joints': 2, **options}))


def rows(people):
    """Which candidate of each joint a person holds; -1 for none."""
    row = (people.keypoints[..., 1] / 100).long()
    return sorted(torch.where(people.keypoint_scores > 0, row, -1).tolist(), reverse=True)


def test_the_first_limbs_that_span_form_the_tree():
    assert spanning_limbs(CHAIN).tolist() == [True, True, True, False]
    assert spanning_limbs(COCO_17).sum() == 16


def test_chains_become_people():
    people = group([(0, 0, 0), (1, 0, 1), (2, 1, 0), (0, 1, 1), (1, 1, 0)])
    assert rows(people) == [[1, 1, 0, -1], [0, 0, 1, 0]]


def test_a_link_that_would_give_a_second_joint_of_one_type_is_refused():
    people = group([(0, 0, 0), (1, 0, 0), (3, 0, 1), (2, 1, 1)])
    assert rows(people) == [[0, 0, 0, -1], [-1, -1, 1, 1]]


def test_stronger_links_are_made_first_but_the_tree_before_all_others():
    people = group([(1, 0, 0), (1, 1, 0), (0, 0, 0)], strength=[0.2, 0.9, 0.5])
    assert rows(people) == [[0, 0, -1, -1], [-1, 1, 0, -1]]
    people = group([(3, 0, 0), (1, 0, 1), (0, 0, 0)], strength=[9.0, 0.1, 0.1])
    assert rows(people) == [[0, 0, 1, -1]]


def test_redundant_limbs_join_fragments():
    people = group([(0, 0, 0), (2, 1, 1), (3, 0, 1)])
    assert rows(people) == [[0, 0, 1, 1]]


def test_score_is_the_weighted_mean_over_all_joint_types():
    people = group([(0, 0, 0), (1, 0, 0)])
    assert people.scores.tolist() == pytest.approx([(3 * 0.5 * 3) / 10])
    people = group([(0, 0, 0), (1, 0, 0), (2, 0, 0)])
    assert people.scores.tolist() == pytest.approx([(3 * 0.5 * 3 + 0.5) / 10])


def test_best_first_and_poor_ones_dropped():
    links = [(0, 0, 0), (1, 0, 0), (0, 1, 1)]
    assert len(group(links, min_joints=3)) == 1
    people = group(links)
    assert people.scores.tolist() == sorted(people.scores.tolist(), reverse=True)
    assert len(group(links, min_score=0.4)) == 1


def test_no_links_no_people():
    people = group([])
    assert len(people) == 0
    assert people.keypoints.shape == (0, 4, 2)
    assert people.bboxes.shape == (0, 4)


@given(seed=st.integers(0, 2**16), links=st.integers(0, 25), most=st.sampled_from([2, 4, 12]))
def test_groups_are_those_of_links_made_one_by_one(seed, links, most):
    """In the same order too; of 12 candidates a type few are connected with a second one of their type, of 2 many."""
    random = np.random.default_rng(seed)
    limbs = np.array([(0, 1), (1, 2), (2, 3), (0, 2)])[random.integers(4, size=links)]
    ends = limbs * most + random.integers(most, size=(links, 2))
    one_by_one = _Groups()
    for one, other in ends.tolist():
        one_by_one.join(divmod(one, most), divmod(other, most))
    expected = [sorted(joint * most + row for joint, row in group.items()) for group in one_by_one.all()]
    nodes, group = _groups(ends, most)
    assert [nodes[group == number].tolist() for number in range(len(set(group)))] == expected
