"""PartSums: how much each person of B images shows of each part, summed on any device, the same in every run."""

from collections.abc import Sequence

import torch
from torch import Tensor

_UNIT = 2.0**31
"""Probabilities are summed as integers, in units of 2^-31: then the order of additions, which on a GPU is any, does not
matter, and the error of a mean is below 2^-32. An image of up to 2^32 pixels fits into int64."""


class PartSums:
    """Pixels and summed probabilities of each part of each person of B images, band by band.

    Args:
        num_people: P of each image; nobody, in row 0 of an image, has no pixels.
        num_classes: C.
        device: Where the bands are.
    """

    def __init__(self, num_people: Sequence[int], num_classes: int, device: torch.device):
        self.rows, self.num_classes = [count + 1 for count in num_people], num_classes
        # (2, sum of P + 1, C): pixels, and sums of probabilities in units
        self.sums = torch.zeros(2, sum(self.rows), num_classes, dtype=torch.long, device=device)

    def add(self, image: int, part: Tensor, person: Tensor, certainty: Tensor) -> None:
        """Adds the pixels of a band of an image; all three (rows, W)."""
        sums = self.sums.split(self.rows, 1)[image].flatten(1)  # (2, (P + 1) * C), a view
        own = torch.nonzero(person.flatten())[:, 0]  # (S,) of rows * W
        # person and part in one number: with 15 classes, part 4 of person 2 is 2 * 15 + 4 = 34
        key = person.flatten()[own].long() * self.num_classes + part.flatten()[own]  # (S,)
        units = (certainty.flatten()[own] * _UNIT).round_().long()  # (S,)
        sums.index_add_(1, key, torch.stack([torch.ones_like(units), units]))

    def tensors(self) -> list[tuple[Tensor, Tensor]]:
        """Pixels, (P + 1, C) int64, and summed probabilities, (P + 1, C) float64, of each image, on the CPU."""
        areas, units = self.sums.cpu().split(1)  # (1, sum of P + 1, C) each
        probabilities = units[0].double() / _UNIT
        return list(zip(areas[0].split(self.rows), probabilities.split(self.rows), strict=True))
