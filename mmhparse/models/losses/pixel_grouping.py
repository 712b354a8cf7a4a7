"""Which person each pixel is given, softly: where it lands, times who the candidates there belong to."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmhparse.codecs.training_candidates import LabelledCandidates
from mmhparse.structures import JointCandidates, Skeleton

_NOBODY = -8.0
"""Logit of landing at nobody's joint: that of a certain candidate at four spreads."""


@dataclass(frozen=True, eq=False)
class PixelSamples:
    """Some pixels of people in B images.

    Attributes:
        cell: (B, S) long; index of the pixel's cell in the flattened grid.
        person: (B, S) long; its true person, 0 where the sample is only padding.
    """

    cell: Tensor
    person: Tensor


@torch.no_grad()
def sample_pixels(person: Tensor, number: int) -> PixelSamples:
    """At most S cells of people in each image, spread evenly over those there are; the same cells every time.

    Args:
        person: (B, h, w) long; the true person of each cell, 0 where it is unknown or nobody.
        number: S.
    """
    owner = person.flatten(1)  # (B, h * w)
    cells = owner.new_zeros(len(owner), number)
    mask = torch.zeros_like(cells, dtype=torch.bool)
    for row, used, own in zip(cells, mask, owner, strict=True):
        (own_cells,) = own.nonzero(as_tuple=True)
        step = max(1, -(-len(own_cells) // number))
        chosen = own_cells[::step]
        row[: len(chosen)] = chosen
        used[: len(chosen)] = True
    return PixelSamples(cells, owner.gather(1, cells) * mask)


def landing_points(projection: Tensor, cell: Tensor, stride: int) -> Tensor:
    """(B, S, 2); where the cells (B, S) of a projection field (B, 2, h, w) land, in pixels of the network input."""
    width = projection.shape[3]
    centre = (torch.stack([cell % width, cell // width], dim=-1) + 0.5) * stride - 0.5  # (B, S, 2)
    vector = projection.flatten(2).gather(2, cell[:, None].expand(-1, 2, -1)).transpose(1, 2)  # (B, S, 2)
    return centre + vector


def landing_shares(points: Tensor, candidates: JointCandidates, confidence: Tensor, spread: float) -> Tensor:
    """(B, S, K * N); how much each point belongs to each candidate, 1 in all with a share for no candidate.

    A softmax over -d^2 / (2 spread^2) + log c, with d the distance and c the confidence of a candidate; differentiable
    in both. Far from all candidates the shares are small.

    Args:
        points: (B, S, 2).
        candidates: N of each of K types.
        confidence: (B, K, N) in [0, 1].
        spread: In pixels of the network input.
    """
    places = candidates.xy.flatten(1, 2).to(points)  # (B, K * N, 2)
    # |p|^2 - 2 p.q + |q|^2 needs no (B, S, K * N, 2)
    # (B, S, K * N)
    squared = points.square().sum(-1)[:, :, None] + places.square().sum(-1)[:, None] - 2 * points @ places.mT
    logits = confidence.flatten(1).clamp(min=1e-4).log()[:, None] - squared.clamp(min=0) / (2 * spread**2)
    logits = logits.masked_fill(~candidates.mask.flatten(1)[:, None], -torch.inf)
    nobody = logits.new_full((*logits.shape[:2], 1), _NOBODY)  # (B, S, 1)
    return torch.cat([logits, nobody], dim=2).softmax(2)[..., :-1]  # (B, S, K * N)


def memberships(plan: Tensor, labelled: LabelledCandidates, people: int, skeleton: Skeleton) -> Tensor:
    """(B, K, N, P) in [0, 1]; how much each candidate belongs to each true person, through the plans.

    Each person is represented by its own candidate of highest score. From there, membership follows the limbs of the
    skeleton's spanning tree: a candidate is a person's as much as candidates next to it are, times the plan of the link
    between them. As a tree has one path between any two joints, a pass towards its root and one back do it all.

    Args:
        plan: (B, L, N, N).
        labelled: The candidates.
        people: P.
        skeleton: The L limbs.
    """
    gathered = list(_representatives(labelled, people).to(plan).unbind(1))  # K of (B, N, P)
    tree = [
        (parent, child, plan[:, limb] if forwards else plan[:, limb].mT)
        for parent, child, limb, forwards in _spanning_tree(skeleton)
    ]
    risen = {}
    for parent, child, links in reversed(tree):
        risen[child] = links @ gathered[child]  # (B, N, P)
        gathered[parent] = gathered[parent] + risen[child]
    for parent, child, links in tree:
        gathered[child] = gathered[child] + links.mT @ (gathered[parent] - risen[child])  # (B, N, P)
    return torch.stack(gathered, 1).clamp(max=1)  # (B, K, N, P)


def _representatives(labelled: LabelledCandidates, people: int) -> Tensor:
    """(B, K, N, P) bool; True at each person's candidate of highest score."""
    persons = torch.arange(1, people + 1, device=labelled.person.device)
    own = (labelled.person[..., None] == persons) & labelled.candidates.mask[..., None]  # (B, K, N, P)
    height = torch.where(own, labelled.candidates.score[..., None], -1.0).flatten(1, 2)  # (B, K * N, P)
    best = torch.zeros_like(height, dtype=torch.bool).scatter_(1, height.argmax(1, keepdim=True), True)
    return best.view_as(own) & own


def _spanning_tree(skeleton: Skeleton) -> list[tuple[int, int, int, bool]]:
    """Parent, child, limb, and whether the limb runs from parent to child; parents come before their children."""
    reached, tree = set(), []
    for root in range(len(skeleton)):
        if root in reached:
            continue
        reached.add(root)
        waiting = [root]
        for parent in waiting:
            for limb, (first, second) in enumerate(skeleton.limbs):
                child = second if first == parent else first if second == parent else None
                if child is not None and child not in reached:
                    reached.add(child)
                    waiting.append(child)
                    tree.append((parent, child, limb, first == parent))
    return tree
