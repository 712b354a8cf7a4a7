"""True joints and false peaks -> candidates whose right links are known."""

from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmhparse.structures import JointCandidates, PoseFields, Skeleton

from .fields_to_candidates import CandidateOptions, fields_to_candidates


@dataclass(frozen=True, eq=False)
class LabelledCandidates:
    """Candidates and the person that each belongs to.

    Attributes:
        candidates: N of each joint type.
        person: (B, K, N) long; person id, 0 for nobody.
    """

    candidates: JointCandidates
    person: Tensor

    def true_links(self, skeleton: Skeleton) -> Tensor:
        """(B * L, N, N) bool; whether both ends of a link are joints of one person; problem b * L + l."""
        first, second = torch.tensor(skeleton.limbs, device=self.person.device).T
        start, end = self.person[:, first, :, None], self.person[:, second, None, :]
        return ((start == end) & (start > 0)).flatten(0, 1)


@torch.no_grad()
def training_candidates(
    fields: PoseFields, people: list[InstanceData], jitter: float, max_negatives: int, options: CandidateOptions
) -> LabelledCandidates:
    """The labelled joints, a little displaced, and the highest peaks that no labelled joint explains.

    True joints make sure that there are links to learn from the first iteration on; false peaks are the mistakes that
    the matching will have to live with.

    Args:
        fields: Predictions of B images.
        people: Their true people, with ``joints`` (P, K, 3).
        jitter: Spread of the displacement, in pixels of the network input.
        max_negatives: Most false peaks of a joint type in an image.
        options: What is a peak. A joint explains the peaks within two of its radii.
    """
    joints = _padded_joints(people).to(fields.joint_heatmaps)
    true_xy, true_mask = joints[..., :2], joints[..., 2] > 0
    person = torch.where(true_mask, torch.arange(1, true_mask.shape[2] + 1, device=joints.device), 0)

    peaks = fields_to_candidates(fields, options)
    distance = torch.cdist(peaks.xy, true_xy).masked_fill(~true_mask[:, :, None], float('inf'))
    false = peaks.mask & ~(distance < 2 * options.radius).any(-1)
    order = (~false).to(torch.uint8).argsort(dim=2, stable=True)[..., :max_negatives]
    candidates = JointCandidates(
        xy=torch.cat(
            [true_xy + jitter * torch.randn_like(true_xy), peaks.xy.gather(2, order[..., None].expand(-1, -1, -1, 2))],
            dim=2,
        ),
        score=torch.cat([true_mask.to(peaks.score), peaks.score.gather(2, order)], dim=2),
        mask=torch.cat([true_mask, false.gather(2, order)], dim=2),
    )
    nobody = person.new_zeros(order.shape)
    return LabelledCandidates(candidates, torch.cat([person, nobody], dim=2))


def _padded_joints(people: list[InstanceData]) -> Tensor:
    """(B, K, P, 3); visibility 0 where an image has fewer people than the fullest."""
    most = max(len(image.joints) for image in people)
    first = people[0].joints
    joints = first.new_zeros(len(people), most, *first.shape[1:])
    for row, image in zip(joints, people, strict=True):
        row[: len(image.joints)] = image.joints
    return joints.transpose(1, 2)
