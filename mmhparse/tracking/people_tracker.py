"""PeopleTracker: who of this frame was who in the frames before."""

from dataclasses import dataclass, field

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmhparse.matching import MatchingProblem, ProjectedGradient, solve
from mmhparse.matching.solve import Solver
from mmhparse.structures import IGNORE, Parsing, Skeleton
from mmhparse.structures.boxes import box_iou

from .similarity import joint_similarity, part_overlap


@dataclass(frozen=True)
class TrackerOptions:
    """How people of neighbouring frames are matched.

    Args:
        box, joints, parts: Weights of the three kinds of similarity, each in [0, 1].
        price: What a match costs: a weighted mean similarity above it is worth matching.
        patience: Frames that somebody may be out of sight and keep the id.
        solver: Matches people of two frames.
    """

    box: float = 1.0
    joints: float = 1.0
    parts: float = 1.0
    price: float = 0.15
    patience: int = 15
    solver: Solver = field(default_factory=lambda: ProjectedGradient(steps=20))


@dataclass(eq=False)
class _Track:
    """A person as last seen."""

    person: int
    box: Tensor
    keypoints: Tensor
    keypoint_scores: Tensor
    row: int
    speed: Tensor
    unseen: int = 0


class PeopleTracker:
    """Gives the people of a video ids that stay.

    The people of each frame are matched with those seen before by the solver that matches joints; similarity is that
    of boxes, joints and part maps, the last for people of the frame before only. Who is matched keeps the id; others
    get new ones, counted from 1 (255, which means "ignore" in maps, is left out).

    Args:
        skeleton: Gives each joint type its tolerance.
        options: How people are matched.
    """

    def __init__(self, skeleton: Skeleton, options: TrackerOptions | None = None):
        self.skeleton = skeleton
        self.options = options or TrackerOptions()
        self._tracks: list[_Track] = []
        self._last: Parsing | None = None
        self._last_people = 0
        self._next = 1

    def update(self, people: InstanceData, parsing: Parsing) -> np.ndarray:
        """The ids of the people of the next frame.

        Args:
            people: P people, in pixels of the frame.
            parsing: Maps of the frame; its person ids are rows of ``people``, from 1.

        Returns:
            (P,) int64.
        """
        problem = MatchingProblem((self._similarity(people, parsing) - self.options.price)[None])
        pairs = solve(problem, self.options.solver).pairs()[:, 1:].tolist()
        ids = np.zeros(len(people), np.int64)
        for track in self._tracks:
            track.unseen += 1
        for row, column in pairs:
            self._see(self._tracks[row], people, column)
            ids[column] = self._tracks[row].person
        for column in np.flatnonzero(ids == 0):
            ids[column] = self._new_id()
            nowhere = torch.zeros(2)
            track = _Track(int(ids[column]), nowhere, nowhere, nowhere, 0, nowhere)
            self._see(track, people, int(column))
            self._tracks.append(track)
        self._tracks = [track for track in self._tracks if track.unseen <= self.options.patience]
        self._last, self._last_people = parsing, len(people)
        return ids

    def _similarity(self, people: InstanceData, parsing: Parsing) -> Tensor:
        """(T, P) in [0, 1]; weighted mean of what can be compared."""
        if not self._tracks or not len(people):
            return torch.zeros(len(self._tracks), len(people))
        ahead = torch.stack([track.speed * (1 + track.unseen) for track in self._tracks])
        boxes = torch.stack([track.box for track in self._tracks]) + ahead.repeat(1, 2)
        keypoints = torch.stack([track.keypoints for track in self._tracks]) + ahead[:, None]
        found = torch.stack([track.keypoint_scores for track in self._tracks]) > 0
        tolerances = torch.tensor(self.skeleton.sigmas)
        weight = self.options
        total = weight.box * box_iou(boxes, people.bboxes)
        total += weight.joints * joint_similarity(
            keypoints, found, people.keypoints, people.keypoint_scores > 0, people.bboxes, tolerances
        )
        shares = torch.full_like(total, weight.box + weight.joints)
        if self._last is not None and self._last.person_map.shape == parsing.person_map.shape:
            overlap = part_overlap(self._last, parsing, self._last_people, len(people))
            for row, track in enumerate(self._tracks):
                if not track.unseen:
                    total[row] += weight.parts * overlap[track.row]
                    shares[row] += weight.parts
        return total / shares

    def _see(self, track: _Track, people: InstanceData, row: int) -> None:
        """Notes where a person is now; the speed is that of the middle of the box, smoothed."""
        box = people.bboxes[row].float()
        if track.unseen:
            moved = (_middle(box) - _middle(track.box)) / track.unseen
            track.speed = (track.speed + moved) / 2
        track.box = box
        track.keypoints, track.keypoint_scores = people.keypoints[row].float(), people.keypoint_scores[row].float()
        track.row, track.unseen = row, 0

    def _new_id(self) -> int:
        person = self._next
        self._next += 1 if person + 1 != IGNORE else 2
        return person


def _middle(box: Tensor) -> Tensor:
    return (box[:2] + box[2:]) / 2
