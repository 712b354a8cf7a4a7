"""PartSums: how much each person shows of each part, summed on any device, the same in every run."""

import torch
from torch import Tensor

_UNIT = 2.0**31
"""Probabilities are summed as integers, in units of 2^-31: then the order of additions, which on a GPU is any, does not
matter, and the error of a mean is below 2^-32. An image of up to 2^32 pixels fits into int64."""


class PartSums:
    """Pixels and summed probabilities of each part of each person, band by band; nobody, in row 0, has none.

    Args:
        num_people: P.
        num_classes: C.
        device: Where the bands are.
    """

    def __init__(self, num_people: int, num_classes: int, device: torch.device):
        self.shape = num_people + 1, num_classes
        # (2, (P + 1) * C): pixels, and sums of probabilities in units
        self.sums = torch.zeros(2, self.shape[0] * self.shape[1], dtype=torch.long, device=device)

    def add(self, part: Tensor, person: Tensor, certainty: Tensor) -> None:
        """Adds the pixels of a band; all three (rows, W)."""
        own = torch.nonzero(person.flatten())[:, 0]  # (S,) of rows * W
        # person and part in one number: with 15 classes, part 4 of person 2 is 2 * 15 + 4 = 34
        key = person.flatten()[own].long() * self.shape[1] + part.flatten()[own]  # (S,)
        units = (certainty.flatten()[own] * _UNIT).round_().long()  # (S,)
        self.sums.index_add_(1, key, torch.stack([torch.ones_like(units), units]))

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Pixels, (P + 1, C) int64, and summed probabilities, (P + 1, C) float64, on the CPU."""
        areas, units = self.sums.cpu().view(2, *self.shape)
        return areas, units.double() / _UNIT
