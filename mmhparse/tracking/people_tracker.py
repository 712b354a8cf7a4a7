"""PeopleTracker: gives the people of a video ids that persist from frame to frame."""

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
        price: Similarity below which people are not matched; it is subtracted from all similarities.
        patience: Number of frames for which a person may be missing and keep the id.
        solver: Solver of the matching problem between two frames.
    """

    box: float = 1.0
    joints: float = 1.0
    parts: float = 1.0
    price: float = 0.15
    patience: int = 15
    solver: Solver = field(default_factory=lambda: ProjectedGradient(steps=20))


@dataclass(eq=False)
class _Track:
    """A person, with box, joints and speed (pixels a frame) as last seen.

    Attributes:
        person: Id.
        box: (4,) x1, y1, x2, y2.
        keypoints, keypoint_scores: (K, 2) and (K,).
        row: Row among the people of the frame in which it was last seen.
        speed: (2,) x, y of the centre of the box.
        unseen: Frames since then.
    """

    person: int
    box: Tensor
    keypoints: Tensor
    keypoint_scores: Tensor
    row: int
    speed: Tensor
    unseen: int = 0


class PeopleTracker:
    """Gives the people of a video ids that persist from frame to frame.

    The people of each frame are matched with those seen before by the solver that matches joints. The similarity is the
    weighted mean of those of boxes, joints and part maps, the last only for people of the previous frame. Matched
    people keep their ids; others get new ones, counted from 1 (255, which means "ignore" in maps, is left out).

    Letters: R people seen before (tracks), P people of the frame, K joint types.

    Args:
        skeleton: Has the OKS sigma of each joint type.
        options: Weights and limits of the matching.
    """

    def __init__(self, skeleton: Skeleton, options: TrackerOptions | None = None):
        self.skeleton = skeleton
        self.options = options or TrackerOptions()
        self._tracks: list[_Track] = []
        self._last: Parsing | None = None
        self._last_people = 0
        self._next = 1

    def update(self, people: InstanceData, parsing: Parsing) -> np.ndarray:
        """Finds the ids of the people of the next frame.

        Args:
            people: P people, in pixels of the frame.
            parsing: Maps of the frame, in which person id p is row p - 1 of ``people``.

        Returns:
            (P,) int64 ids.
        """
        problem = MatchingProblem((self._similarity(people, parsing) - self.options.price)[None])  # (1, R, P)
        pairs = solve(problem, self.options.solver).pairs()[:, 1:].tolist()
        ids = np.zeros(len(people), np.int64)
        for track in self._tracks:
            track.unseen += 1
        for row, column in pairs:
            self._update_track(self._tracks[row], people, column)
            ids[column] = self._tracks[row].person
        for column in np.flatnonzero(ids == 0):
            ids[column] = self._new_id()
            unset = torch.zeros(2, dtype=torch.float32)
            track = _Track(int(ids[column]), unset, unset, unset, 0, unset)
            self._update_track(track, people, int(column))
            self._tracks.append(track)
        self._tracks = [track for track in self._tracks if track.unseen <= self.options.patience]
        self._last, self._last_people = parsing, len(people)
        return ids

    def _similarity(self, people: InstanceData, parsing: Parsing) -> Tensor:
        """(R, P) in [0, 1]; weighted mean of the similarities that are available for each pair."""
        if not self._tracks or not len(people):
            return torch.zeros(len(self._tracks), len(people), dtype=torch.float32)
        # where people of constant speed would be now
        ahead = torch.stack([track.speed * (1 + track.unseen) for track in self._tracks])  # (R, 2)
        boxes = torch.stack([track.box for track in self._tracks]) + ahead.repeat(1, 2)  # (R, 4)
        keypoints = torch.stack([track.keypoints for track in self._tracks]) + ahead[:, None]  # (R, K, 2)
        found = torch.stack([track.keypoint_scores for track in self._tracks]) > 0  # (R, K)
        sigmas = torch.tensor(self.skeleton.sigmas, dtype=torch.float32)  # (K,)
        weight = self.options
        seen_boxes: Tensor = people.get('bboxes')  # (P, 4)
        total = weight.box * box_iou(boxes, seen_boxes)  # (R, P)
        total += weight.joints * joint_similarity(
            keypoints, found, people.get('keypoints'), people.get('keypoint_scores') > 0, seen_boxes, sigmas
        )
        shares = torch.full_like(total, weight.box + weight.joints)  # (R, P)
        if self._last is not None and self._last.person_map.shape == parsing.person_map.shape:
            overlap = part_overlap(self._last, parsing, self._last_people, len(people))  # (last people, P)
            for row, track in enumerate(self._tracks):
                if not track.unseen:
                    total[row] += weight.parts * overlap[track.row]
                    shares[row] += weight.parts
        return total / shares

    def _update_track(self, track: _Track, people: InstanceData, row: int) -> None:
        """Updates a track with a person of this frame; the speed is a running mean over the last frames."""
        box = people.get('bboxes')[row].float()
        if track.unseen:
            moved = (_centre(box) - _centre(track.box)) / track.unseen
            track.speed = (track.speed + moved) / 2
        track.box = box
        track.keypoints = people.get('keypoints')[row].float()
        track.keypoint_scores = people.get('keypoint_scores')[row].float()
        track.row, track.unseen = row, 0

    def _new_id(self) -> int:
        person = self._next
        self._next += 1 if person + 1 != IGNORE else 2
        return person


def _centre(box: Tensor) -> Tensor:
    """(2,) x, y of the centre of a box."""
    return (box[:2] + box[2:]) / 2
