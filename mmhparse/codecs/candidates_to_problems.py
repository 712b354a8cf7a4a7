"""Joint candidates and limb fields -> one matching problem a limb type and image."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from mmhparse import ops
from mmhparse.matching import MatchingProblem
from mmhparse.structures import JointCandidates, PoseFields, Skeleton

from .link_affinity import link_affinity
from .sampling import POINTS_AT_ONCE, sample_points


@dataclass(frozen=True)
class LimbOptions:
    """How a limb is scored.

    Args:
        samples: Points along the limb at which the field is read.
        price: What a link between two certain joints costs: an affinity above it is worth linking. One number for all
            limb types, or one for each, in the order of the skeleton's limbs. Where the network has learned prices, it
            is only what they started at.
        joint_price: What each end of a link costs more, in multiples of its doubt 1 - c: c is the joint heatmap, read
            bilinearly at the candidate. So a doubtful candidate needs a better limb, and whether a candidate was worth
            linking reaches the joint heatmaps in training. 0 makes all links cost the same.
    """

    samples: int = 10
    price: float | Sequence[float] = 0.3
    joint_price: float = 0.0

    def __post_init__(self):
        if self.samples < 1:
            raise ValueError(f'samples must be at least 1, got {self.samples}.')
        prices = [self.price] if isinstance(self.price, (int, float)) else self.price
        if not all(map(isfinite, (*prices, self.joint_price))):
            raise ValueError(f'price and joint_price must be finite, got {self.price} and {self.joint_price}.')

    def prices(self, skeleton: Skeleton) -> tuple[float, ...]:
        """The price of each of the L limb types.

        Raises:
            ValueError: If there is a price for each limb type, but not as many as the skeleton has.
        """
        if isinstance(self.price, (int, float)):
            return (float(self.price),) * len(skeleton.limbs)
        if len(self.price) != len(skeleton.limbs):
            raise ValueError(
                f"limbs.price has {len(self.price)} numbers, but skeleton '{skeleton.name}' has {len(skeleton.limbs)} "
                'limbs: give one number for all limb types, or one for each in the order of the skeleton.'
            )
        return tuple(map(float, self.price))


@dataclass(frozen=True, eq=False)
class LimbProblems:
    """What the limb fields say of each possible link, and the matching problems that follow.

    Attributes:
        affinity: (B, L, N, N); how well the field agrees with a link, about 1 for a true limb.
        problem: The B * L matching problems, problem b * L + l; its score is the affinity less the price of a link,
            s_ij = a_ij - price_l - z_i - z_j, with z from ``joint_price``.
    """

    affinity: Tensor
    problem: MatchingProblem


def candidates_to_problems(
    candidates: JointCandidates, fields: PoseFields, skeleton: Skeleton, options: LimbOptions
) -> LimbProblems:
    """Scores all possible links of B images; differentiable in the limb fields, and by prices in the joint heatmaps.

    Training needs them all, in tables; decoding lists those that can be made, see :func:`candidates_to_links`.

    Args:
        candidates: N candidates for each of K joint types in B images.
        fields: Their fields.
        skeleton: The L limbs.
        options: How a limb is scored.

    Raises:
        ValueError: If the options have not as many prices as the skeleton has limbs.
    """
    how = skeleton, fields.stride, options.samples
    prices = link_prices(fields, skeleton, options)  # (B, L)
    affinity = limb_affinity(candidates, fields.limb_fields, *how)  # (B, L, N, N)
    first, second = torch.tensor(skeleton.limbs, device=affinity.device).T  # (L,) each
    score = affinity - prices.to(affinity)[..., None, None]
    if options.joint_price:
        doubts = options.joint_price * joint_doubts(candidates, fields)  # (B, K, N)
        score = score - doubts[:, first, :, None] - doubts[:, second, None, :]
    problem = MatchingProblem(
        score=score.flatten(0, 1),  # (B * L, N, N)
        row_mask=candidates.mask[:, first].flatten(0, 1),  # (B * L, N)
        col_mask=candidates.mask[:, second].flatten(0, 1),  # (B * L, N)
    )
    return LimbProblems(affinity, problem)


def link_prices(fields: PoseFields, skeleton: Skeleton, options: LimbOptions) -> Tensor:
    """(B, L); what a link of each limb type costs: as the network has learned it, or by the options (float64)."""
    if fields.limb_prices is not None:
        return fields.limb_prices
    return torch.tensor(options.prices(skeleton), dtype=torch.float64, device='cpu').expand(len(fields), -1)


def joint_doubts(candidates: JointCandidates, fields: PoseFields) -> Tensor:
    """(B, K, N) in [0, 1]; one less the joint heatmap at each candidate, differentiable in the heatmap."""
    batch, types, number = candidates.mask.shape
    heatmaps = fields.joint_heatmaps.flatten(0, 1)[:, None]  # (B * K, 1, h, w)
    places = candidates.xy.flatten(0, 1).to(heatmaps)  # (B * K, N, 2)
    return 1 - sample_points(heatmaps, places, fields.stride).view(batch, types, number)


def limb_affinity(
    candidates: JointCandidates, limb_fields: Tensor, skeleton: Skeleton, stride: int, samples: int
) -> Tensor:
    """How well the limb fields agree with each possible link, about 1 for a true limb; differentiable in the fields.

    The mean of V . d / |d| over ``samples`` points of the link, with V the limb field and d the link: the line integral
    of Cao et al., "Realtime multi-person 2D pose estimation using part affinity fields", CVPR 2017. The direction of a
    link shorter than half a cell is mostly noise, so that |V| gradually replaces it there.

    Args:
        candidates: N candidates for each of K joint types in B images.
        limb_fields: (B, L, 2, h, w).
        skeleton: The L limbs.
        stride: Pixels per cell.
        samples: Points along a link.

    Returns:
        (B, L, N, N); from the candidates of a limb's first joint type to those of its second.
    """
    limbs = torch.tensor(skeleton.limbs, device=limb_fields.device)
    if ops.has_limb_affinity(candidates.xy, limb_fields):
        return ops.limb_affinity(candidates.xy, limb_fields, limbs, stride, samples)
    return _reference(candidates.xy, limb_fields, limbs, stride, samples)


def _reference(xy: Tensor, limb_fields: Tensor, limbs: Tensor, stride: int, samples: int) -> Tensor:
    """What :func:`mmhparse.ops.limb_affinity` computes, in PyTorch; with a gradient for candidates, too."""
    batch = len(limb_fields)
    first, second = limbs.T  # (L,) each
    # (B, L, N, 1, 2) and (B, L, 1, N, 2)
    start, end = xy[:, first][:, :, :, None], xy[:, second][:, :, None, :]
    link = (end - start).flatten(0, 1)  # (B * L, N, N, 2)
    begin = start.expand_as(end - start).flatten(0, 1)  # (B * L, N, N, 2)
    shares = torch.linspace(0, 1, samples, device=link.device, dtype=link.dtype)[:, None]  # (samples, 1)
    vectors = link.new_zeros(()).to(limb_fields)
    # some points at a time: those of many people at once would not fit the cache
    for share in shares.split(max(1, POINTS_AT_ONCE // max(1, link[..., 0].numel()))):
        points = begin[..., None, :] + share * link[..., None, :]  # (B * L, N, N, points, 2)
        # (B * L, 2, N * N * points)
        read = sample_points(limb_fields.flatten(0, 1), points.flatten(1, 3).to(limb_fields), stride)
        vectors = vectors + read.unflatten(2, points.shape[1:4]).sum(-1) / samples  # (B * L, 2, N, N)
    affinity = link_affinity(vectors.movedim(1, -1), link, stride)  # (B * L, N, N)
    return affinity.unflatten(0, (batch, len(limbs)))  # (B, L, N, N)
