"""GroupingLoss: the error of grouping joints, differentiated through the matching solver."""

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmhparse.codecs import DifferentiableGroupingCodec, training_candidates
from mmhparse.matching import solve
from mmhparse.registry import MODELS, TASK_UTILS
from mmhparse.structures import PoseFields

from .normaliser import normaliser

_CLIP = 1e-4
"""Plans reach 0 and 1, where cross-entropy is infinite or flat."""


@MODELS.register_module()
class GroupingLoss(nn.Module):
    """Binary cross-entropy of the relaxed matching to the true one, and squared error of the affinities it was made of.

    The matching's gradient passes through the solver to the limb fields, and through them to the features that all
    branches share. At a vertex of the feasible set it vanishes, however; the direct loss on the affinities keeps
    teaching there. All limb types of all images are one padded batch of problems.

    Args:
        codec: Scores the limbs, as it does when it decodes.
        solver: Config of the matching solver; a few soft steps by default.
        plan_weight: Weight of the loss on the matching.
        affinity_weight: Weight of the loss on the affinities.
        jitter: Spread of the noise on true joints, in pixels of the network input.
        max_negatives: Most false peaks of a joint type that take part.
        max_positive_weight: A true link weighs as much as all false ones of its batch, but no more than this many.
    """

    def __init__(
        self,
        codec: DifferentiableGroupingCodec,
        solver: dict | None = None,
        plan_weight: float = 1.0,
        affinity_weight: float = 1.0,
        jitter: float = 1.0,
        max_negatives: int = 4,
        max_positive_weight: float = 10.0,
    ):
        super().__init__()
        self.codec = codec
        self.solver = TASK_UTILS.build(solver or dict(type='mmhparse.ProjectedGradient', steps=10))
        self.plan_weight = plan_weight
        self.affinity_weight = affinity_weight
        self.jitter = jitter
        self.max_negatives = max_negatives
        self.max_positive_weight = max_positive_weight

    def forward(self, fields: PoseFields, people: list[InstanceData]) -> dict[str, Tensor]:
        """The losses of B images, and two numbers to watch: ``grouping_accuracy``, the share of true links that the
        plan makes (above one half), and ``grouping_residual``, the largest violation of a constraint by a plan.

        Args:
            fields: Predictions.
            people: The true people of each image, with ``joints`` (P, K, 3) in pixels of the network input.
        """
        fields = fields.float()
        labelled = training_candidates(fields, people, self.jitter, self.max_negatives, self.codec.candidate_options)
        limbs = self.codec.problems(labelled.candidates, fields)
        problem, mask = limbs.problem, limbs.problem.mask
        truth = labelled.true_links(self.codec.skeleton)[mask]
        weight = self._weight(truth)
        total = normaliser(weight.sum())
        affinity = limbs.affinity.flatten(0, 1)[mask]
        error = (weight * (affinity - truth.float()).square()).sum()
        if not mask.any():
            # nothing to match, but other processes wait for this one's gradient
            return dict(loss_grouping_plan=error, loss_grouping_affinity=error)
        result = solve(problem, self.solver)
        plan = result.plan[mask].clamp(_CLIP, 1 - _CLIP)
        entropy = F.binary_cross_entropy(plan, truth.float(), weight, reduction='sum')
        return dict(
            loss_grouping_plan=self.plan_weight * entropy / total,
            loss_grouping_affinity=self.affinity_weight * error / total,
            grouping_accuracy=((plan.detach() > 0.5) & truth).sum() / truth.sum().clamp(min=1),
            grouping_residual=result.residual.detach().max(),
        )

    def _weight(self, truth: Tensor) -> Tensor:
        """The weight of each possible link."""
        positives = normaliser(truth.sum())
        weight = (normaliser((~truth).sum()) / positives).clamp(1, self.max_positive_weight)
        return torch.where(truth, weight, torch.ones_like(weight))
