"""MatchingProblem: a batch of bipartite graphs whose links are to be chosen."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class MatchingProblem:
    """B maximum-weight bipartite matching problems, padded to one size.

    Each row may link to at most one column and each column to at most one row. High score = good link, and only links
    with a score above 0 are worth making: subtract the price of a link before.

    Attributes:
        score: (B, N, M) float; gain of linking row n with column m.
        row_mask: (B, N) bool; False where a row is only padding. All True if not given.
        col_mask: (B, M) bool; the same for columns.

    Raises:
        TypeError: If score is not a tensor.
        ValueError: If score is not (B, N, M), not floating point or not finite where it counts, or if a mask does not
            fit it or is on another device.
    """

    score: Tensor
    row_mask: Tensor | None = None
    col_mask: Tensor | None = None

    def __post_init__(self):
        if not isinstance(self.score, Tensor):
            raise TypeError(f'score must be a torch tensor (B, N, M), got {type(self.score).__name__}.')
        if self.score.ndim != 3 or not self.score.is_floating_point():
            raise ValueError(
                f'score must be a floating point tensor (B, N, M), got {self.score.dtype} {tuple(self.score.shape)}.'
            )
        batch, rows, columns = self.score.shape
        for name, length in (('row_mask', rows), ('col_mask', columns)):
            mask = getattr(self, name)
            if mask is None:
                mask = torch.ones(batch, length, dtype=torch.bool, device=self.score.device)
                object.__setattr__(self, name, mask)
            elif mask.shape != (batch, length) or mask.dtype != torch.bool:
                raise ValueError(
                    f'{name} must be a bool tensor {(batch, length)}, got {mask.dtype} {tuple(mask.shape)}.'
                )
            elif mask.device != self.score.device:
                raise ValueError(f'{name} must be on {self.score.device} as score, got {mask.device}.')
        with torch.no_grad():
            finite = torch.isfinite(self.masked_score).all()
        if not finite:
            raise ValueError('score holds NaN or infinity in rows and columns that are not masked out.')

    def __len__(self) -> int:
        return len(self.score)

    @property
    def mask(self) -> Tensor:
        """(B, N, M) bool; True where row and column are both real."""
        return self.row_mask[:, :, None] & self.col_mask[:, None, :]

    @property
    def masked_score(self) -> Tensor:
        """(B, N, M); the score, 0 at padding, which no solver then links."""
        return torch.where(self.mask, self.score, torch.zeros_like(self.score))
