"""JointCandidates: the places where joints may be, as padded tensors."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class JointCandidates:
    """Up to N candidates for each of the K joint types of B images, best first.

    Attributes:
        xy: (B, K, N, 2) float; x, y in pixels of the network input.
        score: (B, K, N) float in [0, 1].
        mask: (B, K, N) bool; False where a row is only padding.
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
