"""Matched joints -> people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mmhparse.structures import JointCandidates, People, Skeleton, make_people


@dataclass(frozen=True)
class PeopleOptions:
    """Which groups of joints count as people.

    Args:
        min_joints: Least number of joints.
        min_score: Least person score.
        head_start: Weight of a person's three best joints in the person score; the others have weight 1.
        place_missing: Whether joints that were not found are placed where they are likeliest in the person's own
            pixels, see :func:`place_missing_joints`, instead of at (0, 0). Their score is 0 all the same.
        reach: How far from its nearest joint a pixel of a person may land, in sizes of the person. Regions that land
            farther become people without joints, whose score is ``min_score``; see :func:`unfound_people`. By
            default every pixel goes to the person of the nearest joint.
        vote_window: Side of the window in which the cells around a cell vote on its person, as a share of the root of
            the person's number of cells; see :func:`voted_persons`. 0: no vote.
        score_by_parts: Whether a person's score is multiplied by the share of the parts that the person shows.
        head_parts: Names of the parts of a head. If there are any, people and regions without a head that touch a
            person with one are pieces of other people, and their pixels go to these; see :func:`headless_pieces`.

    Raises:
        ValueError: If ``reach`` or ``vote_window`` is negative.
    """

    min_joints: int = 3
    min_score: float = 0.25
    head_start: float = 3.0
    place_missing: bool = False
    reach: float | None = None
    vote_window: float = 0.0
    score_by_parts: bool = False
    head_parts: Sequence[str] = ()

    def __post_init__(self):
        for name, value in (('reach', self.reach), ('vote_window', self.vote_window)):
            if value is not None and value < 0:
                raise ValueError(f'{name} must be 0 or more, got {value}.')


def matches_to_people(
    candidates: JointCandidates,
    links: np.ndarray,
    strength: np.ndarray,
    skeleton: Skeleton,
    options: PeopleOptions,
) -> People:
    """Joins the linked joints of one image to people, best first.

    Links along the skeleton's spanning tree are made first and the others afterwards, each by descending strength; a
    link that would join two joints of one type in a person is left out.

    Args:
        candidates: Those of one image, with a batch of 1.
        links: (Q, 3) int; limb, candidate of its first joint type, candidate of its second.
        strength: (Q,) float; how sure each link is.
        skeleton: Joint types and limbs.
        options: What counts as a person.

    Returns:
        P people, in pixels of the network input. A person's score is the weighted mean of its joint scores over all K
        types, so that each found joint raises it.
    """
    # (K, N, 2) and (K, N)
    xy, score = candidates.xy[0].float().cpu().numpy(), candidates.score[0].float().cpu().numpy()
    links = links[_order(links, strength, skeleton)]
    ends = np.asarray(skeleton.limbs)[links[:, 0]] * score.shape[1] + links[:, 1:]  # (Q, 2) candidates k * N + n
    nodes, group = _groups(ends, score.shape[1])  # (S,) each
    large = np.bincount(group) >= options.min_joints
    member = large[group]
    person, (joints, rows) = (large.cumsum() - 1)[group[member]], np.divmod(nodes[member], score.shape[1])
    keypoints = np.zeros((large.sum(), len(skeleton), 2), np.float32)
    keypoint_scores = np.zeros((large.sum(), len(skeleton)), np.float32)
    keypoints[person, joints], keypoint_scores[person, joints] = xy[joints, rows], score[joints, rows]
    scores = _person_scores(keypoint_scores, options.head_start)
    best = np.argsort(-scores, kind='stable')
    best = best[scores[best] >= options.min_score]
    return make_people(*(torch.from_numpy(array[best]) for array in (keypoints, keypoint_scores, scores)))


def spanning_limbs(skeleton: Skeleton) -> np.ndarray:
    """(L,) bool; True for the first limbs that span the skeleton without a cycle (Kruskal's algorithm)."""
    groups = list(range(len(skeleton)))  # the group of each joint type
    spans = []
    for first, second in skeleton.limbs:
        spans.append(groups[first] != groups[second])
        merged = groups[second]
        groups = [groups[first] if group == merged else group for group in groups]
    return np.array(spans, dtype=bool)


def _order(links: np.ndarray, strength: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(Q,) indices of the links: those of the spanning tree first, each kind by descending strength."""
    redundant = ~spanning_limbs(skeleton)[links[:, 0]]  # (Q,)
    return np.lexsort((-strength, redundant))


def _person_scores(joint_scores: np.ndarray, head_start: float) -> np.ndarray:
    """(P,); weighted mean of the joint scores (P, K), in which the best three have weight ``head_start``."""
    weights = np.ones(joint_scores.shape[1], np.float32)
    weights[:3] = head_start
    return np.sort(joint_scores, axis=1)[:, ::-1] @ (weights / weights.sum())


def _groups(ends: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(S,) the linked candidates, ascending, and (S,) the group of each, in the order in which their first links come.

    Connected candidates of different joint types are one group, in whatever order they are joined. Only where connected
    ones have a type in common, links are made one by one.

    Args:
        ends: (Q, 2) candidates k * N + n at the ends of the links, the links that are made first before others.
        most: N.
    """
    nodes, first, index = np.unique(ends.ravel(), return_index=True, return_inverse=True)  # (S,), (S,), (2 * Q,)
    index = index.reshape(-1, 2)  # (Q, 2)
    graph = coo_matrix((np.ones(len(index), np.int8), tuple(index.T)), shape=2 * [len(nodes)])
    count, label = connected_components(graph, directed=False)  # label: (S,)
    types, span = nodes // most, nodes.max(initial=0) // most + 1
    keys, times = np.unique(label * span + types, return_counts=True)
    clashing = np.zeros(count, bool)  # whether a component has two candidates of one type
    clashing[keys[times > 1] // span] = True
    groups = _Groups()
    for one, other in ends[clashing[label[index[:, 0]]]].tolist():
        groups.join(divmod(one, most), divmod(other, most))
    for number, members in enumerate(groups.all(), start=count):
        of_group = [joint * most + row for joint, row in members.items()]
        label[np.searchsorted(nodes, of_group)] = number
    begins = np.full(label.max(initial=-1) + 1, 2 * len(ends))
    np.minimum.at(begins, label, first)
    _, group = np.unique(begins[label], return_inverse=True)
    return nodes, group.reshape(-1)


class _Groups:
    """Disjoint sets of candidates with at most one of each joint type; a group maps joint type to candidate.

    A candidate is a pair: its joint type, and its number among the candidates of that type.
    """

    def __init__(self):
        self._group_of: dict[tuple[int, int], dict[int, int]] = {}

    def join(self, first: tuple[int, int], second: tuple[int, int]) -> None:
        """Makes the groups of two candidates one, unless both have a joint of some type."""
        one = self._group_of.setdefault(first, dict([first]))
        other = self._group_of.setdefault(second, dict([second]))
        if one is other or one.keys() & other.keys():
            return
        one.update(other)
        for member in other.items():
            self._group_of[member] = one

    def all(self) -> list[dict[int, int]]:
        """The groups, in the order in which their first candidates came."""
        return list({id(group): group for group in self._group_of.values()}.values())
