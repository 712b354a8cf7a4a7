"""JointCandidates: the places where joints may be."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .tensor_record import TensorRecord


@dataclass(frozen=True, eq=False)
class JointCandidates(TensorRecord):
    """Up to N candidates for each of the K joint types of B images, best first, padded to one length.

    Attributes:
        xy: (B, K, N, 2) float; x, y in pixels of the network input.
        score: (B, K, N) float in [0, 1].
        mask: (B, K, N) bool; False where an entry is padding, or was suppressed by a better candidate.

    Raises:
        ValueError: If the shapes disagree.
    """

    xy: Tensor
    score: Tensor
    mask: Tensor

    def __post_init__(self):
        if self.xy.shape != (*self.score.shape, 2) or self.mask.shape != self.score.shape:
            raise ValueError(
                'expected xy (B, K, N, 2), score (B, K, N) and mask (B, K, N), got '
                f'{tuple(self.xy.shape)}, {tuple(self.score.shape)} and {tuple(self.mask.shape)}.'
            )

    def __len__(self) -> int:
        return len(self.mask)

    def trimmed(self) -> 'JointCandidates':
        """The candidates without the padding that no image and joint type uses; N stays 1 or more."""
        (used,) = torch.nonzero(self.mask.flatten(0, 1).any(0), as_tuple=True)  # indices below N
        length = int(used[-1]) + 1 if len(used) else 1
        return JointCandidates(self.xy[:, :, :length], self.score[:, :, :length], self.mask[:, :, :length])
