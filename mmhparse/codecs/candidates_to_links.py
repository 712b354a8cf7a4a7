"""Joint candidates and limb fields -> the links that can be made, in a list: the matching problems of decoding."""

from dataclasses import replace

import torch
from torch import Tensor

from mmhparse import ops
from mmhparse.matching import LinkProblem
from mmhparse.structures import JointCandidates, PoseFields, Skeleton

from .candidates_to_problems import LimbOptions, joint_doubts, link_prices
from .link_affinity import link_affinity
from .near_limbs import near_pairs
from .sampling import POINTS_AT_ONCE, sample_planes

CROWD = 64
"""Candidates of one joint type from which on pairs are searched by distance: all pairs of fewer are scored faster."""


@torch.no_grad()
def candidates_to_links(
    candidates: JointCandidates, fields: PoseFields, skeleton: Skeleton, options: LimbOptions
) -> LinkProblem:
    """The scores of :func:`candidates_to_problems` as a list, without a gradient.

    Of crowds, images with more than ``CROWD`` candidates of a joint type, only links that are short enough to be a limb
    are listed, so that time and memory grow with the people and not with their square: in float32. Of other types all
    pairs are scored.

    Args:
        candidates: N candidates for each of K joint types in B images.
        fields: Their fields.
        skeleton: The L limbs.
        options: How a limb is scored.

    Returns:
        Problem b * L + l holds the links of limb type l in image b.

    Raises:
        ValueError: If the options have not as many prices as the skeleton has limbs, or fields or prices hold NaN or
            infinity.
    """
    limbs = torch.tensor(skeleton.limbs, device=candidates.xy.device)  # (L, 2)
    prices = link_prices(fields, skeleton, options)  # (B, L)
    if not prices.isfinite().all():
        raise ValueError('The prices of links hold NaN or infinity.')
    crowds = _crowds(candidates, fields, prices)  # (B,)
    if crowds.any():
        chosen = crowds.to(candidates.mask.device)[:, None, None]
        few, many = (replace(candidates, mask=candidates.mask & images) for images in (~chosen, chosen))
        near = near_pairs(many, fields.limb_fields, skeleton, fields.stride, prices, options.samples)
        links = torch.cat([_all_pairs(few.trimmed(), limbs), near])  # (E, 3), in each image by problem
    else:
        links = _all_pairs(candidates, limbs)  # (E, 3)
    problem, row, column = links.T
    image, limb = problem // len(limbs), problem % len(limbs)  # (E,) each
    score = pair_affinity(candidates.xy, fields.limb_fields, limbs, links, fields.stride, options.samples)  # (E,)
    score = score - prices.to(score)[image, limb]
    if options.joint_price:
        doubts = options.joint_price * joint_doubts(candidates, fields)  # (B, K, N)
        start, end = limbs[limb].T
        score = score - doubts[image, start, row] - doubts[image, end, column]
    if not score.isfinite().all():
        raise ValueError('limb_fields hold NaN or infinity.')
    count = candidates.xy.shape[2]
    return LinkProblem(links, score, (len(fields) * len(limbs), count, count))


def _all_pairs(candidates: JointCandidates, limbs: Tensor) -> Tensor:
    """(E, 3) int64; problem, row and column of all pairs of candidates of the limbs (L, 2)."""
    first, second = (candidates.mask[:, end].flatten(0, 1) for end in limbs.T)  # (B * L, N) each
    return torch.nonzero(first[:, :, None] & second[:, None])


def _crowds(candidates: JointCandidates, fields: PoseFields, prices: Tensor) -> Tensor:
    """(B,) bool on the CPU; whether an image's links are too many to be scored all, and can be told from too long ones.

    Its own prices, of (B, L), have to tell of each limb type which are too long.
    """
    plain = all(tensor.dtype == torch.float32 for tensor in (candidates.xy, fields.limb_fields))
    if not plain or candidates.xy.shape[2] <= CROWD or min(fields.limb_fields.shape[-2:]) < 2:
        return torch.zeros(len(candidates), dtype=torch.bool, device='cpu')
    return candidates.mask[:, :, CROWD:].flatten(1).any(1).cpu() & (prices > 0).all(1).cpu()


def pair_affinity(xy: Tensor, limb_fields: Tensor, limbs: Tensor, links: Tensor, stride: int, samples: int) -> Tensor:
    """What :func:`mmhparse.codecs.candidates_to_problems.limb_affinity` says of the listed links.

    Args:
        xy: (B, K, N, 2); candidates in pixels of the network input.
        limb_fields: (B, L, 2, h, w).
        limbs: (L, 2) int64; the joint types at the two ends of each limb.
        links: (E, 3) int64; b * L + l, candidate of the limb's first end, candidate of its second.
        stride: Pixels per cell.
        samples: Points along a link.

    Returns:
        (E,).
    """
    if ops.has_pair_affinity(xy, limb_fields):
        return ops.pair_affinity(xy, limb_fields, limbs, links, stride, samples)
    problem, row, column = links.T
    image, (first, second) = problem // len(limbs), limbs[problem % len(limbs)].T  # (E,) each
    start = xy[image, first, row]  # (E, 2)
    link = xy[image, second, column] - start  # (E, 2)
    shares = torch.linspace(0, 1, samples, device=xy.device, dtype=xy.dtype)[:, None]  # (samples, 1)
    planes, mean = limb_fields.flatten(0, 1), link.new_zeros(link.shape).to(limb_fields)
    for some in torch.arange(len(links), device=links.device).split(max(1, POINTS_AT_ONCE // samples)):
        points = (start[some, None] + shares * link[some, None]).to(planes)  # (e, samples, 2)
        read = sample_planes(planes, problem[some].repeat_interleave(samples), points.flatten(0, 1), stride)
        mean[some] = read.unflatten(0, points.shape[:2]).mean(1)  # (e, 2)
    return link_affinity(mean, link, stride)
