"""PartLoss: cross-entropy and Lovasz-softmax of the part logits, and people whose parts are unknown."""

from collections.abc import Sequence
from math import inf
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmhparse.registry import MODELS
from mmhparse.structures import IGNORE, ParseFields, TargetFields

from .normaliser import normaliser


@MODELS.register_module()
class PartLoss(nn.Module):
    """Cross-entropy and Lovasz-softmax of the part logits; ignored pixels are left out of both.

    Args:
        cross_entropy_weight: Weight of the mean cross-entropy.
        lovasz_weight: Weight of the Lovasz-softmax loss; with 0 it is not computed.
        lovasz_step: The Lovasz-softmax loss takes every so many pixels in both directions: sorting is slow on a CPU.
        full_size: Whether the logits are resized to the part map, as in the paper's code, rather than the part map to
            the logits' grid, which takes a fraction of the time.
        lovasz_over: The Lovasz-softmax loss takes the IoU of each 'image', or of the 'batch' of a process, which
            counts rare classes once; training on several processes then differs from training on one.
        somebody_weight: Weight of the mean of -log(1 - p(background)) over cells of people with joints whose part is
            ignored: they show some part, whichever. With 0 it is not computed.
        class_weights: A factor in the cross-entropy for each class, background included, so that rare ones count
            more; the mean is divided by the sum of the factors. 1 for each if not given.

    Raises:
        ValueError: If ``lovasz_over`` is not one of the choices, or the factors are not 0 or more, finite and not
            all 0; in use, if there is another number of factors than of classes.
    """

    def __init__(
        self,
        cross_entropy_weight: float = 1.0,
        lovasz_weight: float = 1.0,
        lovasz_step: int = 1,
        full_size: bool = True,
        lovasz_over: Literal['image', 'batch'] = 'image',
        somebody_weight: float = 0.0,
        class_weights: Sequence[float] | None = None,
    ):
        super().__init__()
        if lovasz_over not in ('image', 'batch'):
            raise ValueError(f"lovasz_over must be 'image' or 'batch', got {lovasz_over!r}.")
        if class_weights is not None and not (0 < sum(class_weights) < inf and min(class_weights) >= 0):
            raise ValueError(f'class_weights must be 0 or more, finite and not all 0, got {list(class_weights)}.')
        self.lovasz_over = lovasz_over
        self.cross_entropy_weight = cross_entropy_weight
        self.lovasz_weight = lovasz_weight
        self.lovasz_step = lovasz_step
        self.full_size = full_size
        self.somebody_weight = somebody_weight
        self.class_weights = class_weights

    def forward(self, fields: ParseFields, targets: TargetFields) -> dict[str, Tensor]:
        """``loss_part_ce`` and ``loss_part_lovasz`` of B images, and ``loss_part_somebody`` if it has a weight."""
        losses = self.of_logits(fields.part_logits, targets.part_map, fields.part_stride)
        if self.somebody_weight:
            losses['loss_part_somebody'] = self.somebody_weight * somebody_loss(fields, targets)
        return losses

    def of_logits(self, logits: Tensor, labels: Tensor, stride: int) -> dict[str, Tensor]:
        """The losses of logits (B, C, h, w), a cell of which is ``stride`` pixels of the labels (B, H, W)."""
        logits = logits.float()
        if self.full_size:
            logits = F.interpolate(logits, size=labels.shape[1:], mode='bilinear', align_corners=False)  # (B, C, H, W)
        else:
            labels = labels[:, stride // 2 :: stride, stride // 2 :: stride]  # (B, h, w)
        labels = labels.long()
        losses = dict(loss_part_ce=self.cross_entropy_weight * self._cross_entropy(logits, labels))
        if self.lovasz_weight:
            some = (..., slice(None, None, self.lovasz_step), slice(None, None, self.lovasz_step))
            # (B, C, H / step, W / step) and (B, H / step, W / step), of the larger or the smaller size
            probability, labels = logits[some].softmax(1), labels[some]
            if self.lovasz_over == 'image':
                pairs = zip(probability.split(1), labels.split(1), strict=True)
                lovasz = torch.stack([lovasz_softmax(*image) for image in pairs]).mean()
            else:
                lovasz = lovasz_softmax(probability, labels)
            losses['loss_part_lovasz'] = self.lovasz_weight * lovasz
        return losses

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """A scalar; the mean over the labelled cells of (B, C, h, w) and (B, h, w), each with its class's weight."""
        labelled = labels != IGNORE  # (B, h, w)
        if self.class_weights is None:
            return F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction='sum') / normaliser(labelled.sum())
        if len(self.class_weights) != logits.shape[1]:
            raise ValueError(
                f'PartLoss has {len(self.class_weights)} class_weights, but the network predicts {logits.shape[1]} '
                'classes, background included: give one factor for each.'
            )
        weights = logits.new_tensor(self.class_weights)  # (C,)
        entropy = F.cross_entropy(logits, labels, weights, ignore_index=IGNORE, reduction='sum')
        return entropy / normaliser(weights[labels[labelled]].sum(), least=1e-6 * max(self.class_weights))


def somebody_loss(fields: ParseFields, targets: TargetFields) -> Tensor:
    """A scalar; mean of -log(1 - p(background)) where there is a person with joints and the part is ignored.

    p is the softmax of the part logits on their own grid. Of C classes, the probability of all but the background is
    the sum of C - 1: its logarithm is a difference of two log-sum-exps.
    """
    logits = fields.part_logits.float()  # (B, C, h', w')
    size = logits.shape[2:]
    stride = fields.part_stride
    labels = targets.part_map[:, stride // 2 :: stride, stride // 2 :: stride]  # (B, h', w')
    people = F.interpolate(targets.projection_weight[:, None], size=size, mode='nearest')[:, 0]  # (B, h', w')
    unknown = (labels == IGNORE) & (people > 0)
    logits = logits.movedim(1, -1)[unknown]  # (S, C)
    entropy = logits.logsumexp(1) - logits[:, 1:].logsumexp(1)  # (S,)
    return entropy.sum() / normaliser(unknown.sum())


def lovasz_softmax(probability: Tensor, labels: Tensor) -> Tensor:
    """Mean over the present classes of the Lovasz extension of 1 - IoU.

    Berman et al., "The Lovasz-softmax loss", CVPR 2018: with the errors of a class sorted downwards, each is weighted
    by how much 1 - IoU grows when its pixel is added to the wrong ones.

    Args:
        probability: (B, C, H, W); softmax probabilities.
        labels: (B, H, W) long; 255 = ignore.

    Returns:
        A scalar in [0, 1]; 0 if nothing counts.
    """
    counts = labels != IGNORE  # (B, H, W)
    probability, labels = probability.movedim(1, -1)[counts], labels[counts]  # (S, C) and (S,)
    present = labels.unique()  # (classes,)
    if not len(present):
        return probability.sum()
    truth = labels == present[:, None]  # (classes, S)
    error = (truth.float() - probability.T[present]).abs()  # (classes, S)
    error, order = error.sort(dim=1, descending=True)
    truth = truth.gather(1, order).float()  # (classes, S)
    # 1 - IoU if the pixels up to each one are wrong and the others right
    hits = truth.sum(1, keepdim=True) - truth.cumsum(1)  # (classes, S)
    union = truth.sum(1, keepdim=True) + (1 - truth).cumsum(1)  # (classes, S)
    jaccard = 1 - hits / union
    growth = torch.diff(jaccard, dim=1, prepend=torch.zeros_like(jaccard[:, :1]))  # (classes, S)
    return (error * growth).sum(1).mean()
