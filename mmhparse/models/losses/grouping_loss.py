"""GroupingLoss: how the network's own joint candidates, and the pixels that land at them, are grouped to people."""

from dataclasses import replace
from typing import Literal

import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmhparse.codecs import DifferentiableGroupingCodec, training_candidates
from mmhparse.codecs.candidates_to_problems import joint_doubts
from mmhparse.codecs.training_candidates import LabelledCandidates
from mmhparse.matching import DustbinEntropy, MatchingProblem, Regulariser, SquaredNorm, fenchel_young_losses
from mmhparse.registry import MODELS
from mmhparse.structures import ParseFields, PoseFields, PoseTargets, TargetFields

from .normaliser import normaliser
from .pixel_grouping import landing_points, landing_shares, memberships, sample_pixels

_UNKNOWN = -1e3
"""Score of links of which it is not known whether they are true: no plan makes them."""
_LEAST_PROBABILITY = 0.02
"""Is mixed into the probability of a pixel's true person, so that hopeless pixels do not decide the gradient."""

Smoothing = Literal['square', 'entropy']


@MODELS.register_module()
class GroupingLoss(nn.Module):
    """Fenchel-Young loss of the matching of the network's own candidates, and likelihood of pixels' true people.

    The matching problems are those of decoding in the same fields: the candidates are the network's own peaks, labelled
    by the truth (:func:`training_candidates`), and the codec scores the links. The loss of each problem is
    :func:`fenchel_young_losses`, whose gradient is the plan less the truth; links of which it is not known whether they
    are true take no part. Untrained networks have no peaks to group: :class:`GroupingScheduleHook` starts the loss when
    they have.

    With ``pixel_weight``, some pixels of each person are followed to where they land, u + D(u), are shared out among
    the candidates there, and with these, through the plans of the spanning tree, among the people: the loss is
    the negative logarithm of the true person's share. Its gradient reaches projection field, joint heatmaps and limb
    fields together.

    Prices that the network learns (``limb_prices``) get the gradient of both losses.

    Cells of weight 0, whose people were not annotated, get no gradient at all.

    Args:
        codec: Finds candidates and scores limbs, as it does when it decodes.
        smoothing: What makes plans differentiable. ``'square'``: the exact projection of score / gamma onto the relaxed
            matchings. ``'entropy'``: transport with a dustbin, of which the loss is a negative log-likelihood.
        gamma: Weight of the square, or of the entropy, in units of the score.
        link_weight: Weight of the loss of matchings, summed and divided by the number of true links.
        pixel_weight: Weight of the loss of pixels, a mean.
        pixels: Most pixels of an image that are followed.
        spread: How near to a candidate pixels should land, in cells.

    Attributes:
        share: In [0, 1]; the share of both weights that counts now.

    Raises:
        ValueError: If ``smoothing`` is not one of the choices.
    """

    def __init__(
        self,
        codec: DifferentiableGroupingCodec,
        smoothing: Smoothing = 'square',
        gamma: float = 0.4,
        link_weight: float = 1.0,
        pixel_weight: float = 0.0,
        pixels: int = 256,
        spread: float = 1.0,
    ):
        super().__init__()
        if smoothing not in ('square', 'entropy'):
            raise ValueError(f"smoothing must be 'square' or 'entropy', got {smoothing!r}.")
        self.codec = codec
        self.regulariser: Regulariser = SquaredNorm(gamma) if smoothing == 'square' else DustbinEntropy(gamma)
        self.link_weight = link_weight
        self.pixel_weight = pixel_weight
        self.pixels = pixels
        self.spread = spread
        self.share = 1.0

    def forward(
        self,
        fields: ParseFields | PoseFields,
        targets: TargetFields | PoseTargets,
        people: list[InstanceData],
        person_maps: list[Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """The losses of B images, and to watch: ``grouping_recall`` and ``grouping_precision`` of the plan's links.

        Args:
            fields: Predictions; the loss of pixels needs ``ParseFields``.
            targets: Of them, where people were annotated.
            people: The true people of each image, with ``joints`` (P, K, 3) in pixels of the network input.
            person_maps: (H, W) or (1, H, W) each, for the loss of pixels: true person of each pixel of the input, 0
                nobody, 255 ignored.

        Raises:
            ValueError: If the loss of pixels lacks the projection field or the person maps.
        """
        fields = fields.map(lambda tensor: tensor if tensor.dtype == torch.float64 else tensor.float())
        pose = fields.pose if isinstance(fields, ParseFields) else fields
        none = (pose.limb_fields.sum() + pose.joint_heatmaps.sum()) * 0
        if pose.limb_prices is not None:
            none = none + pose.limb_prices.sum() * 0
        losses = dict(loss_grouping_links=none) | (dict(loss_grouping_pixels=none) if self.pixel_weight else {})
        if self.share == 0:
            return losses
        codec = self.codec
        pose = _without_ignored_gradients(pose, targets.joint_weight, targets.limb_weight)
        labelled = training_candidates(pose, targets.joint_weight, people, codec.skeleton, codec.candidate_options)
        problem = codec.problems(labelled.candidates, pose).problem
        unknown = labelled.unknown_links(codec.skeleton)  # (B * L, N, N)
        problem = MatchingProblem(problem.score.masked_fill(unknown, _UNKNOWN), problem.row_mask, problem.col_mask)
        truth = labelled.true_links(codec.skeleton)  # (B * L, N, N)
        plan = self.regulariser.solve(problem)  # (B * L, N, N)
        error = fenchel_young_losses(problem, plan, truth, self.regulariser).sum()
        losses['loss_grouping_links'] = none + self.share * self.link_weight * error / normaliser(truth.sum())
        if self.pixel_weight:
            error, count = self._pixel_errors(fields, targets, pose, plan, labelled, person_maps)
            losses['loss_grouping_pixels'] = none + self.share * self.pixel_weight * error / normaliser(count)
        made = plan.detach() > 0.5
        hits = (made & truth).sum()
        return losses | dict(
            grouping_recall=hits / truth.sum().clamp(min=1),
            grouping_precision=hits / made.sum().clamp(min=1),
        )

    def _pixel_errors(
        self,
        fields: ParseFields | PoseFields,
        targets: TargetFields | PoseTargets,
        pose: PoseFields,
        plan: Tensor,
        labelled: LabelledCandidates,
        person_maps: list[Tensor] | None,
    ) -> tuple[Tensor, Tensor]:
        """Sum of the pixels' negative log-likelihoods, and their number."""
        if not isinstance(fields, ParseFields) or not isinstance(targets, TargetFields) or person_maps is None:
            raise ValueError(
                'GroupingLoss with pixel_weight needs a projection field and person maps: set pixel_weight=0 in models '
                'of pose alone.'
            )
        people = labelled.labelled.shape[2] - 1
        if people == 0:
            return plan.sum() * 0, plan.new_zeros(())
        stride = fields.stride
        owner = _persons_of_cells(person_maps, targets.projection_weight, stride)  # (B, h, w)
        pixels = sample_pixels(owner, self.pixels)
        points = landing_points(fields.projection[0], pixels.cell, stride)  # (B, S, 2)
        confidence = 1 - joint_doubts(labelled.candidates, pose)  # (B, K, N)
        shares = landing_shares(points, labelled.candidates, confidence, self.spread * stride)  # (B, S, K * N)
        plan = plan.to(shares).unflatten(0, (len(fields), -1))  # (B, L, N, N)
        member = memberships(plan, labelled, people, self.codec.skeleton)  # (B, K, N, P)
        found = torch.cat([torch.zeros_like(member[:, 0, 0, :1]), member.detach().amax((1, 2))], 1) > 0  # (B, P + 1)
        # pixels of people without any found joint take no part
        counts = found.gather(1, pixels.person)  # (B, S)
        chances = shares @ member.flatten(1, 2)  # (B, S, P)
        chance = chances.gather(2, (pixels.person - 1).clamp(min=0)[..., None])[..., 0]  # (B, S)
        chance = _LEAST_PROBABILITY + (1 - _LEAST_PROBABILITY) * chance.clamp(max=1)
        return -(chance.log() * counts).sum(), counts.sum()


def _without_ignored_gradients(pose: PoseFields, joint_weight: Tensor, limb_weight: Tensor) -> PoseFields:
    """The same values, but no gradient reaches cells of weight 0 (B, h, w).

    A link between two people who are annotated may pass over somebody who is not, whose limbs the field may show.
    """
    if joint_weight.all() and limb_weight.all():
        return pose
    joints, limbs = joint_weight[:, None] > 0, limb_weight[:, None, None] > 0  # (B, 1, h, w) and (B, 1, 1, h, w)
    return replace(
        pose,
        joint_heatmaps=torch.where(joints, pose.joint_heatmaps, pose.joint_heatmaps.detach()),
        limb_fields=torch.where(limbs, pose.limb_fields, pose.limb_fields.detach()),
    )


def _persons_of_cells(person_maps: list[Tensor], weight: Tensor, stride: int) -> Tensor:
    """(B, h, w) long; the person of the pixel that stands for each cell, 0 where the weight (B, h, w) is 0."""
    height, width = weight.shape[1:]
    owners = []
    for person_map in person_maps:
        person_map = person_map.reshape(person_map.shape[-2:])
        rows, columns = (
            (torch.arange(cells) * stride + stride // 2).clamp(max=length - 1)
            for cells, length in zip((height, width), person_map.shape, strict=True)
        )
        owners.append(person_map[rows][:, columns])  # (h, w)
    return torch.stack(owners).to(weight.device).long() * (weight > 0)
