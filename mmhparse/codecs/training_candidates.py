"""The network's own joint candidates, and the true person of each."""

from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmhparse.structures import JointCandidates, PoseFields, Skeleton

from .fields_to_candidates import CandidateOptions, fields_to_candidates
from .sampling import sample_points

_MIN_OKS = 0.5
"""A candidate is a true joint's if their OKS (of this joint alone) is at least this, as in COCO's loosest match."""
_DUPLICATE_OKS = 0.1
"""A candidate that is no joint's and is this close to one may be that joint: it takes no part."""
_AREA_OF_BOX = 0.53
"""Area of a person in areas of its box: mmpose's convention where no mask is known."""


@dataclass(frozen=True, eq=False)
class LabelledCandidates:
    """Candidates, the person that each belongs to, and the joints that each person has.

    Attributes:
        candidates: N of each of K joint types, in B images; those that take no part are masked out.
        person: (B, K, N) long; person id, 0 for nobody.
        labelled: (B, K, P + 1) bool; whether person p has a labelled joint of the type. Person 0, nobody, has all.
    """

    candidates: JointCandidates
    person: Tensor
    labelled: Tensor

    def true_links(self, skeleton: Skeleton) -> Tensor:
        """(B * L, N, N) bool; whether both ends of a link are joints of one person; problem b * L + l."""
        start, end = self._ends(skeleton)
        masks = self.candidates.mask
        first, second = torch.tensor(skeleton.limbs, device=masks.device).T
        both = masks[:, first, :, None] & masks[:, second, None, :]  # (B, L, N, N)
        return ((start == end) & (start > 0) & both).flatten(0, 1)  # (B * L, N, N)

    def unknown_links(self, skeleton: Skeleton) -> Tensor:
        """(B * L, N, N) bool; links from a person's joint to nobody's, where the person's own joint is not labelled.

        Nobody's candidate may be just that joint, so whether the link is true is not known.
        """
        start, end = self._ends(skeleton)
        first, second = torch.tensor(skeleton.limbs, device=start.device).T
        start_has_end = self.labelled[:, second].gather(2, start[..., 0])[..., None]  # (B, L, N, 1)
        end_has_start = self.labelled[:, first].gather(2, end[:, :, 0])[:, :, None]  # (B, L, 1, N)
        unknown = ((end == 0) & ~start_has_end) | ((start == 0) & ~end_has_start)  # (B, L, N, N)
        return unknown.flatten(0, 1)

    def _ends(self, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
        """The person at either end of each link, (B, L, N, 1) and (B, L, 1, N)."""
        first, second = torch.tensor(skeleton.limbs, device=self.person.device).T
        return self.person[:, first, :, None], self.person[:, second, None, :]


@torch.no_grad()
def training_candidates(
    fields: PoseFields, counts: Tensor, people: list[InstanceData], skeleton: Skeleton, options: CandidateOptions
) -> LabelledCandidates:
    """The candidates that decoding would find in the same fields, labelled by the truth.

    Candidates and true joints of one type are assigned one to one, so that the sum of their OKS is greatest; a pair of
    less than 0.5 is not made. Of the other candidates, nobody's, those near a true joint (OKS of at least 0.1) may be
    that joint found twice, and those in regions without annotation may be anybody's: both take no part.

    Args:
        fields: Predictions of B images.
        counts: (B, h, w); 0 in cells whose people were not annotated, as ``joint_weight`` of the targets.
        people: Their true people, with ``joints`` (P, K, 3) in pixels of the network input, and perhaps
            ``areas`` (P,), their visible pixels.
        skeleton: Of it the OKS sigmas are used.
        options: What is a candidate.
    """
    found = fields_to_candidates(fields, options).trimmed()
    cells = sample_points(counts[:, None].to(found.xy), found.xy.flatten(1, 2), fields.stride)  # (B, 1, K * N)
    mask = found.mask & (cells[:, 0].unflatten(1, found.mask.shape[1:]) > 0.5)  # (B, K, N)
    oks, labelled = _joint_oks(found, people, skeleton)  # (B, K, N, P) and (B, K, P + 1)
    oks = oks * mask[..., None]
    person = _assign(oks)  # (B, K, N)
    duplicate = (person == 0) & (oks >= _DUPLICATE_OKS).any(-1)  # (B, K, N)
    return LabelledCandidates(JointCandidates(found.xy, found.score, mask & ~duplicate), person, labelled)


def _joint_oks(found: JointCandidates, people: list[InstanceData], skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """OKS of each candidate and true joint of one type, 0 for unlabelled joints; and which joints are labelled."""
    people_joints: list[Tensor] = [image.get('joints') for image in people]
    most = max(len(one) for one in people_joints)
    batch, types = found.mask.shape[:2]
    joints = found.xy.new_zeros(batch, most, types, 3)
    areas = found.xy.new_ones(batch, most)
    for index, (image, one) in enumerate(zip(people, people_joints, strict=True)):
        joints[index, : len(one)] = one.to(joints)
        areas[index, : len(one)] = _areas(one, image.get('areas')).to(areas)
    joints = joints.transpose(1, 2)  # (B, K, P, 3)
    known = joints[..., 2] > 0  # (B, K, P)
    scales = 2 * found.xy.new_tensor(skeleton.sigmas)  # (K,)
    spread = 2 * areas[:, None] * scales[:, None].square()  # (B, K, P)
    squared = (found.xy[:, :, :, None] - joints[:, :, None, :, :2]).square().sum(-1)  # (B, K, N, P)
    oks = torch.exp(-squared / spread[:, :, None]) * known[:, :, None]  # (B, K, N, P)
    return oks, torch.cat([known.new_ones(batch, types, 1), known], dim=2)  # and (B, K, P + 1)


def _areas(joints: Tensor, visible: Tensor | None) -> Tensor:
    """(P,) area of each person in pixels, at least 1: of its box of joints, or its visible pixels if these are more.

    Visible pixels alone would make the tolerance of a person who is mostly hidden too small.
    """
    known = joints[..., 2:] > 0  # (P, K, 1)
    low = joints[..., :2].masked_fill(~known, float('inf')).amin(1)  # (P, 2)
    high = joints[..., :2].masked_fill(~known, -float('inf')).amax(1)  # (P, 2)
    area = _AREA_OF_BOX * (high - low).clamp(min=0).prod(-1)  # (P,)
    return (area if visible is None else torch.maximum(area, visible.to(area))).clamp(min=1)


def _assign(oks: Tensor) -> Tensor:
    """(B, K, N) long; the person of each candidate, 0 for none, by the OKS (B, K, N, P)."""
    table = oks.double().cpu()
    near = (table >= _MIN_OKS).double()
    person = torch.zeros(table.shape[:3], dtype=torch.long)
    # where nobody competes for a candidate or for a joint, there is nothing to optimise
    contested = (near.sum(2) > 1).any(-1) | (near.sum(3) > 1).any(-1)  # (B, K)
    best, joint = (table * near).max(3) if table.shape[3] else (table.sum(3), person)
    person[best > 0] = joint[best > 0] + 1
    for image, kind in contested.nonzero().tolist():
        gain = (table[image, kind] * near[image, kind]).numpy()
        rows, columns = (torch.from_numpy(index) for index in linear_sum_assignment(gain, maximize=True))
        made = torch.from_numpy(gain)[rows, columns] > 0
        person[image, kind] = 0
        person[image, kind, rows[made]] = columns[made] + 1
    return person.to(oks.device)
